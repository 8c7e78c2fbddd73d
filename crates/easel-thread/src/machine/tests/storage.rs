//! Failed writes.

use insta::assert_snapshot;

use super::script::play;

#[test]
fn unwritten_call_does_not_run() {
    assert_snapshot!(play("unsaved call call_1 a cat"), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > unsaved call call_1 a cat
    item/started imageGeneration call_1 in_progress
    close response
    item/completed imageGeneration call_1 failed storage, billed no: the disk is full
    raw function_call call_1 imagegen
    raw function_call_output call_1 "No image was made: the disk is full. Do not call again by yourself; tell the user."
    error "the disk is full"
    status idle
    turn/completed failed after 1000 ms []
    "#);
}

#[test]
fn unwritten_hosted_call_is_not_tracked() {
    assert_snapshot!(play("exposure hosted\n unsaved hosted ig_1 a cat\n closed"), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > unsaved hosted ig_1 a cat
    item/started imageGeneration ig_1 in_progress
    close response
    item/completed imageGeneration ig_1 failed storage, billed uncertain: the disk is full
    raw developer "No image was made: the disk is full. The provider may have charged for it. Do not call again by yourself; tell the user."
    > closed
    error "the disk is full"
    status idle
    turn/completed failed after 2000 ms []
    "#);
}

#[test]
fn running_calls_continue_after_failed_write() {
    assert_snapshot!(play("call call_1 one\n unsaved call call_2 two\n made call_1 A"), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > call call_1 one
    item/started imageGeneration call_1 in_progress
    run call_1 generate "one" []
    > unsaved call call_2 two
    item/started imageGeneration call_2 in_progress
    close response
    item/completed imageGeneration call_2 failed storage, billed no: the disk is full
    > made call_1 A
    item/completed imageGeneration call_1 completed /home/A.png
    raw function_call call_1 imagegen
    raw function_call call_2 imagegen
    raw function_call_output call_1 easel:img_a
    raw function_call_output call_2 "No image was made: the disk is full. Do not call again by yourself; tell the user."
    item/started agentMessage msg_turn ""
    delta msg_turn "The image is saved at /home/A.png."
    item/completed agentMessage msg_turn "The image is saved at /home/A.png."
    raw assistant "The image is saved at /home/A.png."
    error "the disk is full"
    status idle
    turn/completed failed after 3000 ms [agentMessage msg_turn "The image is saved at /home/A.png."]
    "#);
}

#[test]
fn no_request_follows_unwritten_outputs() {
    assert_snapshot!(play("call call_1 one\n done\n unsaved made call_1 A"), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > call call_1 one
    item/started imageGeneration call_1 in_progress
    run call_1 generate "one" []
    > done
    > unsaved made call_1 A
    item/completed imageGeneration call_1 completed /home/A.png
    raw function_call call_1 imagegen
    raw function_call_output call_1 easel:img_a
    usage 10 of 10
    close response
    item/started agentMessage msg_turn ""
    delta msg_turn "The image is saved at /home/A.png."
    item/completed agentMessage msg_turn "The image is saved at /home/A.png."
    raw assistant "The image is saved at /home/A.png."
    error "the disk is full"
    status idle
    turn/completed failed after 3000 ms [agentMessage msg_turn "The image is saved at /home/A.png."]
    "#);
}

#[test]
fn unwritten_end_is_emitted_once_as_failure() {
    assert_snapshot!(play("message msg_1 Hello\n unsaved done"), @r#"
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
    > unsaved done
    usage 10 of 10
    error "the disk is full"
    status idle
    turn/completed failed after 2000 ms [agentMessage msg_1 "Hello"]
    "#);
}

#[test]
fn first_stop_reason_is_reported() {
    let all = play("unsaved fail The model is gone");
    assert_eq!(all.matches("error ").count(), 1, "{all}");
    assert!(all.contains("error \"The model is gone\""), "{all}");
    let all = play("unsaved interrupt");
    assert_eq!(all.matches("turn/completed").count(), 1, "{all}");
    assert!(all.contains("turn/completed interrupted"), "{all}");
}

#[test]
fn unwritten_hosted_call_of_free_provider_is_not_billed() {
    let all = play("exposure hosted\n bills no\n unsaved hosted ig_1 a cat\n closed");
    assert!(all.contains("item/completed imageGeneration ig_1 failed storage, billed no"), "{all}");
}
