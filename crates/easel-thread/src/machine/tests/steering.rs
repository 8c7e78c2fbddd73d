//! Messages that a user adds to a turn.

use insta::assert_snapshot;

use super::script::{last, play};

#[test]
fn a_message_added_while_the_model_speaks_is_read_before_the_next_request() {
    assert_snapshot!(last("delta msg_1 Hi\n steer more Faster\n done"), @r#"
    item/completed agentMessage msg_1 "Hi"
    raw assistant "Hi"
    usage 10 of 10
    item/started userMessage more
    item/completed userMessage more
    raw user "Faster"
    ask
    "#);
}

#[test]
fn a_turn_that_is_asked_once_more_ends_as_any_other() {
    let all = play("steer more Faster\n done\n message msg_2 Yes\n done");
    assert_eq!(all.matches("\nask\n").count(), 2, "{all}");
    assert!(all.contains("turn/completed completed after 4000 ms [agentMessage msg_2 \"Yes\"]"), "{all}");
}

#[test]
fn a_turn_that_is_interrupted_keeps_what_was_added_for_the_next_one() {
    let end = last("steer more Faster\n interrupt");
    let (kept, ended) = (end.find("raw user \"Faster\""), end.find("turn/completed interrupted"));
    assert!(kept.is_some() && kept < ended && !end.contains("\nask\n"), "{end}");
}
