//! Turns whose calls come from a client.

use super::script::play;

#[test]
fn host_turn_runs_calls_until_none_is_left() {
    insta::assert_snapshot!(play(
        "purpose host
         host i a dog
         made h H
         host j {\"prompt\": \"x\", \"action\": \"edit\"}
         made i I
         failed j timeout"
    ));
}

#[test]
fn host_turn_without_a_valid_call_ends_at_once() {
    insta::assert_snapshot!(play(
        "purpose host
         max 0"
    ));
}

#[test]
fn interrupt_of_a_host_turn_fails_later_calls() {
    insta::assert_snapshot!(play(
        "purpose host
         interrupt
         host i a dog
         failed h interrupted"
    ));
}
