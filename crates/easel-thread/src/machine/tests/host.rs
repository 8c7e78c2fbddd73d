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

#[test]
fn host_calls_follow_the_limits_of_their_moment() {
    insta::assert_snapshot!(play(
        "purpose host
         withdraw
         host i a dog
         restore
         host j a cat
         lower 1
         host k a fox
         lower 3
         host l a fox
         made l L
         made j J
         made h H"
    ));
}

#[test]
fn call_after_a_failed_write_is_not_run() {
    insta::assert_snapshot!(play(
        "purpose host
         unsaved host i a dog
         host j a cat
         made h H"
    ));
}

#[test]
fn call_keeps_the_id_of_its_item() {
    insta::assert_snapshot!(play(
        "used i
         purpose host
         unsaved host i a dog
         made h H"
    ));
}
