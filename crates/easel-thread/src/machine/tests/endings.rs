//! Ends of turns: truncated, failed and interrupted responses, and inputs that come too late.

use insta::assert_snapshot;

use super::script::{last, play};

#[test]
fn model_failure_before_text_fails_turn() {
    assert_snapshot!(play("fail The model is gone"), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > fail The model is gone
    close response
    error "The model is gone"
    status idle
    turn/completed failed after 1000 ms []
    "#);
}

#[test]
fn model_failure_after_text_keeps_text() {
    assert_snapshot!(play("delta msg_1 Hel\n fail The model is gone"), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > delta msg_1 Hel
    item/started agentMessage msg_1 ""
    delta msg_1 "Hel"
    > fail The model is gone
    close response
    item/completed agentMessage msg_1 "Hel"
    raw assistant "Hel"
    error "The model is gone"
    status idle
    turn/completed failed after 2000 ms [agentMessage msg_1 "Hel"]
    "#);
}

#[test]
fn turn_waits_for_calls_after_response_fails() {
    assert_snapshot!(play("call call_1 one\n call call_2 two\n fail cut\n made call_2 B\n failed call_1 timeout"), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > call call_1 one
    item/started imageGeneration call_1 in_progress
    run call_1 generate "one" []
    > call call_2 two
    item/started imageGeneration call_2 in_progress
    run call_2 generate "two" []
    > fail cut
    close response
    > made call_2 B
    item/completed imageGeneration call_2 completed /home/B.png
    > failed call_1 timeout
    item/completed imageGeneration call_1 failed timeout, billed no: it did not work
    raw function_call call_1 imagegen
    raw function_call call_2 imagegen
    raw function_call_output call_1 "No image was made: it did not work. Do not call again by yourself; tell the user."
    raw function_call_output call_2 easel:img_b
    item/started agentMessage msg_turn ""
    delta msg_turn "The image is saved at /home/B.png."
    item/completed agentMessage msg_turn "The image is saved at /home/B.png."
    raw assistant "The image is saved at /home/B.png."
    error "cut"
    status idle
    turn/completed failed after 5000 ms [agentMessage msg_turn "The image is saved at /home/B.png."]
    "#);
}

#[test]
fn interrupt_closes_response() {
    assert_snapshot!(play("delta msg_1 Hel\n interrupt"), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > delta msg_1 Hel
    item/started agentMessage msg_1 ""
    delta msg_1 "Hel"
    > interrupt
    close response
    cancel calls
    item/completed agentMessage msg_1 "Hel"
    raw assistant "Hel"
    status idle
    turn/completed interrupted after 2000 ms [agentMessage msg_1 "Hel"]
    "#);
}

#[test]
fn interrupt_waits_for_running_calls() {
    assert_snapshot!(play(
        "call call_1 one
        call call_2 two
        done
        interrupt
        failed call_1 interrupted
        made call_2 B"
    ), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > call call_1 one
    item/started imageGeneration call_1 in_progress
    run call_1 generate "one" []
    > call call_2 two
    item/started imageGeneration call_2 in_progress
    run call_2 generate "two" []
    > done
    > interrupt
    cancel calls
    > failed call_1 interrupted
    item/completed imageGeneration call_1 failed interrupted, billed no: it did not work
    > made call_2 B
    item/completed imageGeneration call_2 completed /home/B.png
    raw function_call call_1 imagegen
    raw function_call call_2 imagegen
    raw function_call_output call_1 "No image was made: it did not work. Do not call again by yourself; tell the user."
    raw function_call_output call_2 easel:img_b
    usage 10 of 10
    item/started agentMessage msg_turn ""
    delta msg_turn "The image is saved at /home/B.png."
    item/completed agentMessage msg_turn "The image is saved at /home/B.png."
    raw assistant "The image is saved at /home/B.png."
    status idle
    turn/completed interrupted after 6000 ms [agentMessage msg_turn "The image is saved at /home/B.png."]
    "#);
}

#[test]
fn interrupt_after_failure_cancels_calls_and_keeps_reason() {
    let all = play("call call_1 one\n fail gone\n interrupt\n failed call_1 interrupted");
    assert!(all.contains("cancel calls"), "{all}");
    assert!(all.contains("error \"gone\""), "{all}");
    assert!(all.contains("turn/completed failed"), "{all}");
}

#[test]
fn second_interrupt_is_ignored() {
    let all = play("call call_1 one\n interrupt\n interrupt\n failed call_1 interrupted\n interrupt");
    assert_eq!(all.matches("turn/completed interrupted").count(), 1, "{all}");
    assert!(!all.contains("error "), "{all}");
}

#[test]
fn late_or_repeated_inputs_are_ignored() {
    for script in [
        // After the end of the turn.
        "message m Hello\n done\n interrupt",
        "message m Hello\n done\n delta m More",
        "message m Hello\n done\n call c a",
        "message m Hello\n done\n done",
        "message m Hello\n done\n fail gone",
        "call c a\n done\n made c C\n message m Hello\n done\n made c D",
        // After the end of the response, while its calls run.
        "call c a\n done\n delta m More",
        "call c a\n done\n message m More",
        "call c a\n done\n call d b",
        "call c a\n done\n done",
        "call c a\n done\n fail the stream ended after its last event",
        "exposure hosted\n hosted c a\n done\n hosted d b",
        // After an interrupt, while calls run.
        "call c a\n interrupt\n delta m More",
        "call c a\n interrupt\n call d b",
        "call c a\n interrupt\n done",
        "call c a\n interrupt\n fail gone",
        // A call that has ended, or that does not exist.
        "call c a\n made c C\n made c D",
        "call c a\n made c C\n failed c timeout",
        "call c a\n failed c timeout\n made c C",
        "call c a\n made x C",
        "call c a\n made",
        "tool t shell\n made t C",
    ] {
        assert_eq!(last(script), "", "{script}");
    }
}

#[test]
fn empty_response_ends_turn() {
    assert_snapshot!(play("done"), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > done
    usage 10 of 10
    status idle
    turn/completed completed after 1000 ms []
    "#);
}
