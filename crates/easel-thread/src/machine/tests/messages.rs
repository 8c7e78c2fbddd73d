//! Agent messages, and the announcement of images when the model sends none.

use insta::assert_snapshot;

use super::script::play;

#[test]
fn deltas_without_final_message_form_a_message() {
    assert_snapshot!(play("delta msg_1 Hel\n delta msg_1 lo\n done"), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > delta msg_1 Hel
    item/started agentMessage msg_1 ""
    delta msg_1 "Hel"
    > delta msg_1 lo
    delta msg_1 "lo"
    > done
    item/completed agentMessage msg_1 "Hello"
    raw assistant "Hello"
    usage 10 of 10
    status idle
    turn/completed completed after 3000 ms [agentMessage msg_1 "Hello"]
    "#);
}

#[test]
fn message_without_deltas_emits_one_delta() {
    assert_snapshot!(play("message msg_1 Hello\n done"), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > message msg_1 Hello
    item/started agentMessage msg_1 ""
    delta msg_1 "Hello"
    item/completed agentMessage msg_1 "Hello"
    raw assistant "Hello"
    > done
    usage 10 of 10
    status idle
    turn/completed completed after 2000 ms [agentMessage msg_1 "Hello"]
    "#);
}

#[test]
fn final_text_overrides_deltas() {
    let all = play("delta msg_1 Helo\n message msg_1 Hello\n done");
    assert!(all.contains(r#"item/completed agentMessage msg_1 "Hello""#), "{all}");
}

#[test]
fn empty_final_message_keeps_delta_text() {
    for text in ["message msg_1", "message msg_1 __"] {
        let all = play(&format!("delta msg_1 Hello\n {text}\n done"));
        assert!(all.contains(r#"item/completed agentMessage msg_1 "Hello""#), "{all}");
    }
}

#[test]
fn deltas_with_different_ids_form_one_message() {
    let all = play("delta a Hel\n delta b lo\n message c Hello\n done");
    assert!(all.contains(r#"item/completed agentMessage a "Hello""#), "{all}");
    assert_eq!(all.matches("item/started agentMessage").count(), 1, "{all}");
}

#[test]
fn white_space_does_not_open_a_message() {
    assert_snapshot!(play("delta msg_1 __\n message msg_1 __\n delta msg_2\n message msg_3\n done"), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > delta msg_1 __
    > message msg_1 __
    > delta msg_2
    > message msg_3
    > done
    usage 10 of 10
    status idle
    turn/completed completed after 5000 ms []
    "#);
}

#[test]
fn white_space_within_a_message_is_kept() {
    let all = play("delta msg_1 Hel\n delta msg_1 __\n delta msg_1 lo\n done");
    assert!(all.contains(r#"item/completed agentMessage msg_1 "Hel  lo""#), "{all}");
}

#[test]
fn call_closes_open_message() {
    assert_snapshot!(play(
        "delta msg_1 First
        call call_1 one
        delta msg_2 Second
        call call_2 two
        message msg_3 Third
        done
        made call_1 A
        made call_2 B
        message msg_4 Both
        done"
    ), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > delta msg_1 First
    item/started agentMessage msg_1 ""
    delta msg_1 "First"
    > call call_1 one
    item/completed agentMessage msg_1 "First"
    raw assistant "First"
    item/started imageGeneration call_1 in_progress
    run call_1 generate "one" []
    > delta msg_2 Second
    item/started agentMessage msg_2 ""
    delta msg_2 "Second"
    > call call_2 two
    item/completed agentMessage msg_2 "Second"
    raw assistant "Second"
    item/started imageGeneration call_2 in_progress
    run call_2 generate "two" []
    > message msg_3 Third
    item/started agentMessage msg_3 ""
    delta msg_3 "Third"
    item/completed agentMessage msg_3 "Third"
    raw assistant "Third"
    > done
    > made call_1 A
    item/completed imageGeneration call_1 completed /home/A.png
    > made call_2 B
    item/completed imageGeneration call_2 completed /home/B.png
    raw function_call call_1 imagegen
    raw function_call call_2 imagegen
    raw function_call_output call_1 easel:img_a
    raw function_call_output call_2 easel:img_b
    usage 10 of 10
    request
    > message msg_4 Both
    item/started agentMessage msg_4 ""
    delta msg_4 "Both"
    item/completed agentMessage msg_4 "Both"
    raw assistant "Both"
    > done
    usage 10 of 20
    status idle
    turn/completed completed after 10000 ms [agentMessage msg_4 "Both"]
    "#);
}

#[test]
fn silent_model_gets_image_announcement() {
    assert_snapshot!(play("call call_1 a cat\n done\n made call_1 C\n done"), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > call call_1 a cat
    item/started imageGeneration call_1 in_progress
    run call_1 generate "a cat" []
    > done
    > made call_1 C
    item/completed imageGeneration call_1 completed /home/C.png
    raw function_call call_1 imagegen
    raw function_call_output call_1 easel:img_c
    usage 10 of 10
    request
    > done
    usage 10 of 20
    item/started agentMessage msg_turn ""
    delta msg_turn "The image is saved at /home/C.png."
    item/completed agentMessage msg_turn "The image is saved at /home/C.png."
    raw assistant "The image is saved at /home/C.png."
    status idle
    turn/completed completed after 4000 ms [agentMessage msg_turn "The image is saved at /home/C.png."]
    "#);
}

/// Returns the announcement of images that the turn emits, if any.
fn added(script: &str) -> Option<String> {
    let all = play(script);
    let line = all.lines().find(|line| line.starts_with("item/completed agentMessage msg_turn "));
    line.map(|line| line.trim_start_matches("item/completed agentMessage msg_turn ").to_owned())
}

#[test]
fn announcement_names_all_unmentioned_images() {
    for (script, expected) in [
        ("message m Hello\n done", None),
        ("call c a\n done\n failed c timeout\n done", None),
        ("call c a\n done\n made c C\n message m Here\n done", None),
        ("call c a\n done\n made c C\n delta m Here\n fail gone", None),
        ("call c a\n done\n made c C\n done", Some(r#""The image is saved at /home/C.png.""#)),
        ("call c a\n done\n made c C\n message m __\n done", Some(r#""The image is saved at /home/C.png.""#)),
        ("message m I draw\n call c a\n done\n made c C\n done", Some(r#""The image is saved at /home/C.png.""#)),
        ("call c a\n done\n made c C\n fail gone", Some(r#""The image is saved at /home/C.png.""#)),
        ("call c a\n done\n made c C\n interrupt", Some(r#""The image is saved at /home/C.png.""#)),
        ("call c a\n interrupt\n made c C", Some(r#""The image is saved at /home/C.png.""#)),
        ("call c a\n done\n made c C D\n done", Some(r#""The images are saved at /home/C.png, /home/D.png.""#)),
        (
            "call c a\n call d b\n done\n made c C\n made d D\n done",
            Some(r#""The images are saved at /home/C.png, /home/D.png.""#),
        ),
        (
            "call c a\n done\n made c C\n message m One\n call d b\n done\n made d D\n done",
            Some(r#""The image is saved at /home/D.png.""#),
        ),
    ] {
        assert_eq!(added(script).as_deref(), expected, "{script}");
    }
}
