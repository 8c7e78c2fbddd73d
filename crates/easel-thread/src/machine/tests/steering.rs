//! Messages that a user adds to a turn.

use insta::assert_snapshot;

use super::script::{last, play};

#[test]
fn steer_message_is_added_before_next_request() {
    assert_snapshot!(last("delta msg_1 Hi\n steer more Faster\n done"), @r#"
    item/completed agentMessage msg_1 "Hi"
    raw assistant "Hi"
    usage 10 of 10
    item/started userMessage more
    item/completed userMessage more
    raw user "Faster"
    request
    "#);
}

#[test]
fn turn_with_extra_request_ends_normally() {
    let all = play("steer more Faster\n done\n message msg_2 Yes\n done");
    assert_eq!(all.matches("\nrequest\n").count(), 2, "{all}");
    assert!(all.contains("turn/completed completed after 4000 ms [agentMessage msg_2 \"Yes\"]"), "{all}");
}

#[test]
fn interrupted_turn_keeps_steer_messages_in_history() {
    let end = last("steer more Faster\n interrupt");
    let (kept, ended) = (end.find("raw user \"Faster\""), end.find("turn/completed interrupted"));
    assert!(kept.is_some() && kept < ended && !end.contains("\nrequest\n"), "{end}");
}

#[test]
fn steer_message_with_a_used_id_gets_another() {
    let end = last("delta msg_1 Hi\n steer user_1 Faster\n done");
    assert!(end.contains("item/completed userMessage user_1-2"), "{end}");
}
