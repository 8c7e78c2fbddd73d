//! Calls of the standalone tool: invalid arguments, unknown tools and references.

use insta::assert_snapshot;

use super::script::{last, play};
use crate::fakes::images::handle;

#[test]
fn invalid_arguments_fail_item_and_inform_model() {
    assert_snapshot!(play(r#"call call_1 {"prompt": ""}
        done
        message msg_1 Sorry
        done"#), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > call call_1 {"prompt": ""}
    item/started imageGeneration call_1 in_progress
    item/completed imageGeneration call_1 failed invalidArguments, billed no: `prompt` is missing or empty
    > done
    raw function_call call_1 imagegen
    raw function_call_output call_1 "No image was made: `prompt` is missing or empty. Call again with arguments that fit."
    usage 10 of 10
    request
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
fn invalid_arguments_never_run_a_call() {
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
        assert!(all.ends_with("request\n"), "{all}");
    }
}

#[test]
fn handle_of_another_thread_is_not_found() {
    let foreign = handle("f");
    let effects = last(&format!(
        r#"attach A
        call call_1 {{"prompt": "x", "images": ["{foreign}"]}}"#
    ));
    assert!(effects.contains("imageGeneration call_1 failed referenceNotFound, billed no"), "{effects}");
    assert!(effects.contains(&foreign) && !effects.contains("run "), "{effects}");
}

#[test]
fn unknown_tool_has_no_item_and_output_names_offered_tool() {
    assert_snapshot!(play("tool call_1 shell\n done\n message msg_1 Oh\n done"), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > tool call_1 shell
    > done
    raw function_call call_1 shell
    raw function_call_output call_1 "Unknown tool. This turn offers only `image_gen.imagegen`."
    usage 10 of 10
    request
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
fn tool_of_another_namespace_is_unknown() {
    for name in ["image_gen.edit", "other.imagegen", "imagegen2", "IMAGEGEN", ""] {
        let all = play(&format!("tool call_1 {name}\n done"));
        assert!(!all.contains("\nrun "), "{all}");
    }
}

#[test]
fn call_runs_nothing_when_no_tool_is_offered() {
    assert_snapshot!(play("exposure none\n call call_1 a cat\n done\n message msg_1 I cannot draw\n done"), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > call call_1 a cat
    > done
    raw function_call call_1 imagegen
    raw function_call_output call_1 "Unknown tool. This turn offers none."
    usage 10 of 10
    request
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
fn standalone_call_runs_nothing_when_hosted_tool_is_offered() {
    let all = play("exposure hosted\n call call_1 a cat\n done");
    assert!(!all.contains("\nrun ") && !all.contains("imageGeneration"), "{all}");
}

#[test]
fn references_do_not_depend_on_call_timing() {
    let edit = r#"{"prompt": "more", "action": "edit"}"#;
    let slow = last(&format!("attach A\n call call_1 one\n call call_2 {edit}"));
    let fast = last(&format!("attach A\n call call_1 one\n made call_1 B\n call call_2 {edit}"));
    assert_eq!(slow, fast);
    assert!(slow.contains("run call_2 edit \"more\" [/home/A.png]"), "{slow}");
}

#[test]
fn images_join_thread_in_call_order() {
    let edit = r#"call call_3 {"prompt": "x", "num_last_images_to_include": 2}"#;
    let script = format!("call call_1 one\n call call_2 two\n done\n made call_2 B\n made call_1 A\n {edit}");
    assert!(last(&script).contains("[/home/A.png /home/B.png]"));
}

#[test]
fn call_without_image_fails_and_informs_model() {
    assert_snapshot!(last("call call_1 one\n done\n made call_1"), @r#"
    item/completed imageGeneration call_1 failed badResponse, billed no: the provider's response contains no image
    raw function_call call_1 imagegen
    raw function_call_output call_1 "No image was made: the provider's response contains no image. Do not call again by yourself; tell the user."
    usage 10 of 10
    request
    "#);
}
