//! The order of events that clients rely on.

use insta::assert_snapshot;

use super::script::play;

#[test]
fn text_response_emits_message_usage_and_end() {
    assert_snapshot!(play("delta msg_1 Hel\n delta msg_1 lo\n message msg_1 Hello\n done"), @r#"
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
    > message msg_1 Hello
    item/completed agentMessage msg_1 "Hello"
    raw assistant "Hello"
    > done
    usage 10 of 10
    status idle
    turn/completed completed after 4000 ms [agentMessage msg_1 "Hello"]
    "#);
}

#[test]
fn item_starts_before_call_and_message_follows() {
    assert_snapshot!(play(
        "call call_1 a cat
        done
        made call_1 C
        delta msg_1 Here
        message msg_1 Here it is
        done"
    ), @r#"
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
    > delta msg_1 Here
    item/started agentMessage msg_1 ""
    delta msg_1 "Here"
    > message msg_1 Here it is
    item/completed agentMessage msg_1 "Here it is"
    raw assistant "Here it is"
    > done
    usage 10 of 20
    status idle
    turn/completed completed after 6000 ms [agentMessage msg_1 "Here it is"]
    "#);
}

#[test]
fn edit_sends_attachments_in_order() {
    assert_snapshot!(play(
        r#"attach A B
        call call_1 {"prompt": "merge", "action": "edit"}
        done
        made call_1 C
        message msg_1 Merged
        done"#
    ), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > call call_1 {"prompt": "merge", "action": "edit"}
    item/started imageGeneration call_1 in_progress
    run call_1 edit "merge" [/home/A.png /home/B.png]
    > done
    > made call_1 C
    item/completed imageGeneration call_1 completed /home/C.png
    raw function_call call_1 imagegen
    raw function_call_output call_1 easel:img_c
    usage 10 of 10
    request
    > message msg_1 Merged
    item/started agentMessage msg_1 ""
    delta msg_1 "Merged"
    item/completed agentMessage msg_1 "Merged"
    raw assistant "Merged"
    > done
    usage 10 of 20
    status idle
    turn/completed completed after 5000 ms [agentMessage msg_1 "Merged"]
    "#);
}

#[test]
fn parallel_calls_return_outputs_in_call_order() {
    assert_snapshot!(play(
        "call call_1 one
        call call_2 two
        call call_3 three
        made call_3 C
        done
        failed call_1 timeout
        made call_2 B
        message msg_1 Two of three
        done"
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
    > call call_3 three
    item/started imageGeneration call_3 in_progress
    run call_3 generate "three" []
    > made call_3 C
    item/completed imageGeneration call_3 completed /home/C.png
    > done
    > failed call_1 timeout
    item/completed imageGeneration call_1 failed timeout, billed no: it did not work
    > made call_2 B
    item/completed imageGeneration call_2 completed /home/B.png
    raw function_call call_1 imagegen
    raw function_call call_2 imagegen
    raw function_call call_3 imagegen
    raw function_call_output call_1 "No image was made: it did not work. Do not call again by yourself; tell the user."
    raw function_call_output call_2 easel:img_b
    raw function_call_output call_3 easel:img_c
    usage 10 of 10
    request
    > message msg_1 Two of three
    item/started agentMessage msg_1 ""
    delta msg_1 "Two of three"
    item/completed agentMessage msg_1 "Two of three"
    raw assistant "Two of three"
    > done
    usage 10 of 20
    status idle
    turn/completed completed after 9000 ms [agentMessage msg_1 "Two of three"]
    "#);
}

#[test]
fn call_that_ends_first_waits_for_response() {
    assert_snapshot!(play("call call_1 a cat\n made call_1 C\n done\n message msg_1 Done\n done"), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    raw user "Draw"
    request
    > call call_1 a cat
    item/started imageGeneration call_1 in_progress
    run call_1 generate "a cat" []
    > made call_1 C
    item/completed imageGeneration call_1 completed /home/C.png
    > done
    raw function_call call_1 imagegen
    raw function_call_output call_1 easel:img_c
    usage 10 of 10
    request
    > message msg_1 Done
    item/started agentMessage msg_1 ""
    delta msg_1 "Done"
    item/completed agentMessage msg_1 "Done"
    raw assistant "Done"
    > done
    usage 10 of 20
    status idle
    turn/completed completed after 5000 ms [agentMessage msg_1 "Done"]
    "#);
}

#[test]
fn event_order_matches_codex_app_server() {
    let all = play("call call_1 a cat\n done\n made call_1 C\n delta msg_1 Here\n message msg_1 Here\n done");
    let seen = |line: &&str| !["> ", "raw ", "request", "run "].iter().any(|start| line.starts_with(start));
    let sent: Vec<&str> = all.lines().filter(seen).collect();
    assert_snapshot!(sent.join("\n"), @r#"
    status active
    turn/started inProgress
    item/started userMessage user_1
    item/completed userMessage user_1
    item/started imageGeneration call_1 in_progress
    item/completed imageGeneration call_1 completed /home/C.png
    usage 10 of 10
    item/started agentMessage msg_1 ""
    delta msg_1 "Here"
    item/completed agentMessage msg_1 "Here"
    usage 10 of 20
    status idle
    turn/completed completed after 6000 ms [agentMessage msg_1 "Here"]
    "#);
}
