//! Calls of the standalone tool: wrong ones, unknown ones, and what they refer to.

use insta::assert_snapshot;

use super::script::{last, play};
use crate::fakes::images::handle;

#[test]
fn wrong_arguments_fail_the_item_at_once_and_tell_the_model_why() {
    assert_snapshot!(play(r#"call call_1 {"prompt": ""}
        done
        message msg_1 Sorry
        done"#), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    ask
    > call call_1 {"prompt": ""}
    item/started imageGeneration call_1 in_progress
    item/completed imageGeneration call_1 failed invalidArguments, billed no: `prompt` is missing or empty
    > done
    raw function_call call_1 imagegen
    raw function_call_output call_1 "No image was made: `prompt` is missing or empty. Call again with arguments that fit."
    usage 10 of 10
    ask
    > message msg_1 Sorry
    item/started agentMessage msg_1 ""
    delta msg_1 "Sorry"
    item/completed agentMessage msg_1 "Sorry"
    raw assistant "Sorry"
    > done
    usage 10 of 20
    status idle
    turn/completed completed after 4000 ms [agentMessage msg_1 "Sorry"]
    "#);
}

#[test]
fn nothing_is_sent_for_arguments_that_cannot_be_meant() {
    let unknown = handle("f");
    for arguments in [
        "{",
        "{}",
        "null",
        "[]",
        r#"{"prompt": 1}"#,
        r#"{"prompt": "   "}"#,
        r#"{"prompt": "x", "approval": "never"}"#,
        r#"{"prompt": "x", "action": "delete"}"#,
        r#"{"prompt": "x", "action": "edit"}"#,
        r#"{"prompt": "x", "n": 0}"#,
        r#"{"prompt": "x", "n": 11}"#,
        r#"{"prompt": "x", "images": ["relative.png"]}"#,
        r#"{"prompt": "x", "images": ["https://example.org/a.png"]}"#,
        r#"{"prompt": "x", "num_last_images_to_include": 1}"#,
        &format!(r#"{{"prompt": "x", "images": ["{unknown}"]}}"#),
        &format!(r#"{{"prompt": "{}"}}"#, "x".repeat(32_001)),
    ] {
        let all = play(&format!("call call_1 {arguments}\n done"));
        assert!(!all.contains("\nrun "), "{all}");
        assert!(all.contains("item/completed imageGeneration call_1 failed "), "{all}");
        assert!(all.contains("raw function_call_output call_1 \"No image was made: "), "{all}");
        assert!(all.ends_with("ask\n"), "{all}");
    }
}

#[test]
fn a_handle_of_another_thread_is_not_found() {
    let foreign = handle("f");
    assert_snapshot!(last(&format!(r#"attach A
        call call_1 {{"prompt": "x", "images": ["{foreign}"]}}"#)), @"
    item/started imageGeneration call_1 in_progress
    item/completed imageGeneration call_1 failed referenceNotFound, billed no: there is no image img_0000000000000000000000000000000f in this thread
    ");
}

#[test]
fn an_unknown_tool_has_no_item_and_its_output_names_the_one_there_is() {
    assert_snapshot!(play("tool call_1 shell\n done\n message msg_1 Oh\n done"), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    ask
    > tool call_1 shell
    > done
    raw function_call call_1 shell
    raw function_call_output call_1 "There is no such tool; `image_gen.imagegen` is the only one."
    usage 10 of 10
    ask
    > message msg_1 Oh
    item/started agentMessage msg_1 ""
    delta msg_1 "Oh"
    item/completed agentMessage msg_1 "Oh"
    raw assistant "Oh"
    > done
    usage 10 of 20
    status idle
    turn/completed completed after 4000 ms [agentMessage msg_1 "Oh"]
    "#);
}

#[test]
fn a_tool_of_another_namespace_is_not_ours() {
    for name in ["image_gen.edit", "other.imagegen", "imagegen2", "IMAGEGEN", ""] {
        let all = play(&format!("tool call_1 {name}\n done"));
        assert!(!all.contains("\nrun "), "{all}");
    }
}

#[test]
fn with_the_kill_switch_on_a_call_that_comes_all_the_same_runs_nothing() {
    assert_snapshot!(play("offer none\n call call_1 a cat\n done\n message msg_1 I cannot draw\n done"), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    ask
    > call call_1 a cat
    > done
    raw function_call call_1 imagegen
    raw function_call_output call_1 "There is no such tool in this turn."
    usage 10 of 10
    ask
    > message msg_1 I cannot draw
    item/started agentMessage msg_1 ""
    delta msg_1 "I cannot draw"
    item/completed agentMessage msg_1 "I cannot draw"
    raw assistant "I cannot draw"
    > done
    usage 10 of 20
    status idle
    turn/completed completed after 4000 ms [agentMessage msg_1 "I cannot draw"]
    "#);
}

#[test]
fn with_the_hosted_tool_offered_the_standalone_one_runs_nothing() {
    let all = play("offer hosted\n call call_1 a cat\n done");
    assert!(!all.contains("\nrun ") && !all.contains("imageGeneration"), "{all}");
}

#[test]
fn what_a_call_refers_to_does_not_depend_on_which_other_call_was_faster() {
    let edit = r#"{"prompt": "more", "action": "edit"}"#;
    let slow = last(&format!("attach A\n call call_1 one\n call call_2 {edit}"));
    let fast = last(&format!("attach A\n call call_1 one\n made call_1 B\n call call_2 {edit}"));
    assert_eq!(slow, fast);
    assert!(slow.contains("run call_2 edit \"more\" [/home/A.png]"), "{slow}");
}

#[test]
fn the_images_of_an_answer_join_the_thread_in_call_order() {
    let edit = r#"call call_3 {"prompt": "x", "num_last_images_to_include": 2}"#;
    let script = format!("call call_1 one\n call call_2 two\n done\n made call_2 B\n made call_1 A\n {edit}");
    assert!(last(&script).contains("[/home/A.png /home/B.png]"));
}

#[test]
fn an_answer_without_an_image_is_a_failure_with_a_text_for_the_model() {
    assert_snapshot!(last("call call_1 one\n done\n made call_1"), @r#"
    item/completed imageGeneration call_1 failed badResponse, billed no: the provider answered without an image
    raw function_call call_1 imagegen
    raw function_call_output call_1 "No image was made: the provider answered without an image. Do not call again by yourself; tell the user."
    usage 10 of 10
    ask
    "#);
}
