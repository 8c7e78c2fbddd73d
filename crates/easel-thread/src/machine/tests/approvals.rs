//! Calls that wait for an approval.

use insta::assert_snapshot;

use super::script::last;

#[test]
fn status_says_that_the_turn_waits() {
    assert_snapshot!(last("call a cat\n need a"), @r"
    status waiting
    ask a
    ");
}

#[test]
fn only_the_first_and_the_last_question_change_the_status() {
    let asked = "call a cat\n call b dog\n need a";
    assert_snapshot!(last(&format!("{asked}\n need b")), @"ask b");
    assert_snapshot!(last(&format!("{asked}\n need b\n decided a")), @"");
    assert_snapshot!(last(&format!("{asked}\n need b\n decided a\n decided b")), @"status active");
    assert_snapshot!(last(&format!("{asked}\n decided b")), @"");
}

#[test]
fn end_of_the_call_ends_its_question() {
    assert_snapshot!(last("call a cat\n need a\n failed a approvalDenied"), @r"
    status active
    item/completed imageGeneration a failed approvalDenied, billed no: it did not work
    ");
}
