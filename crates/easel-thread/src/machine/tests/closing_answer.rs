//! Turns that end without asking the model again once their images are made.

use insta::assert_snapshot;

use super::script::{last, play};

#[test]
fn turn_ends_when_its_images_are_made() {
    assert_snapshot!(last("closing off\n message m I draw\n call c a\n done\n made c C"), @r#"
    item/completed imageGeneration c completed /home/C.png
    raw function_call c imagegen
    raw function_call_output c easel:img_c
    usage 10 of 10
    item/started agentMessage msg_turn ""
    delta msg_turn "The image is saved at /home/C.png."
    item/completed agentMessage msg_turn "The image is saved at /home/C.png."
    raw assistant "The image is saved at /home/C.png."
    status idle
    turn/completed completed after 4000 ms [agentMessage msg_turn "The image is saved at /home/C.png."]
    "#);
}

/// Returns whether the model is asked again after the last line.
fn asks_again(script: &str) -> bool {
    let effects = last(script);
    let asks = effects.lines().any(|line| line == "request");
    assert_ne!(asks, effects.contains("turn/completed"), "{effects}");
    asks
}

#[test]
fn model_is_asked_again_unless_every_call_succeeded() {
    for (script, expected) in [
        ("call c a\n done\n made c C", true),
        ("closing off\n call c a\n done\n made c C", false),
        ("closing off\n call c a\n made c C\n done", false),
        ("closing off\n call c a\n done\n made c C D", false),
        ("closing off\n call c a\n done\n failed c timeout", true),
        ("closing off\n call c a\n done\n partly c C", true),
        ("closing off\n call c a\n done\n made c", true),
        ("closing off\n call c {}\n done", true),
        ("closing off\n tool t shell\n done", true),
        ("closing off\n tool t shell\n call c a\n done\n made c C", true),
        ("closing off\n call c a\n call d b\n done\n made c C\n made d D", false),
        ("closing off\n call c a\n call d b\n done\n failed c timeout\n made d D", true),
        ("closing off\n call c a\n call d b\n done\n made c C\n failed d timeout", true),
        ("closing off\n max 1\n call c a\n call d b\n done\n made c C", true),
        ("closing off\n message m Hello\n done", false),
        ("closing off\n call c a\n done\n steer s More\n made c C", true),
    ] {
        assert_eq!(asks_again(script), expected, "{script}");
    }
}

#[test]
fn added_message_is_answered_and_then_the_turn_ends() {
    let all = play("closing off\n call c a\n done\n steer s More\n made c C\n call d b\n done\n made d D");
    assert_eq!(all.matches("\nrequest\n").count(), 2, "{all}");
    let order = ["raw function_call c", "raw function_call_output c", "raw user \"More\"", "raw function_call d"];
    let found: Vec<usize> =
        order.iter().map(|line| all.find(line).unwrap_or_else(|| panic!("{line}: {all}"))).collect();
    assert!(found.is_sorted(), "{all}");
    assert!(all.contains("turn/completed completed"), "{all}");
}
