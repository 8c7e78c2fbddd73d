//! Limits that become stricter during a turn.

use insta::assert_snapshot;

use super::script::{last, play};

#[test]
fn calls_after_withdrawal_fail_with_reason() {
    assert_snapshot!(last("withdraw\n call call_1 a cat"), @r#"
    item/started imageGeneration call_1 in_progress
    item/completed imageGeneration call_1 failed approvalDenied, billed no: the feature image_generation was turned off
    "#);
}

#[test]
fn running_calls_continue_after_withdrawal() {
    let all = play("call call_1 a cat\n withdraw\n made call_1 A\n done");
    assert!(all.contains("item/completed imageGeneration call_1 completed"), "{all}");
    assert!(all.ends_with("request\n"), "the model is asked again: {all}");
}

#[test]
fn later_requests_do_not_offer_withdrawn_tool() {
    let all = play("call call_1 a cat\n withdraw\n made call_1 A\n done\n call call_2 a cat");
    assert!(!all.contains("item/started imageGeneration call_2"), "{all}");
}

#[test]
fn withdrawal_closes_response_with_hosted_tool() {
    assert_snapshot!(last("exposure hosted\n hosted ig_1 a cat\n withdraw"), @"close response");
    let all = play("exposure hosted\n hosted ig_1 a cat\n withdraw\n failed ig_1 interrupted\n closed");
    assert!(all.contains("error \"Image generation was turned off during the model's response"), "{all}");
    assert!(all.contains("turn/completed failed"), "{all}");
}

#[test]
fn withdrawal_keeps_response_without_hosted_tool() {
    for setup in ["exposure none", "max 16"] {
        assert_eq!(last(&format!("{setup}\n delta m Hel\n withdraw")), "");
    }
}

#[test]
fn limit_can_be_lowered_but_not_raised() {
    let refused = last("max 2\n call a x\n lower 1\n call b x");
    assert!(refused.contains("budgetExceeded"), "{refused}");
    let refused = last("max 1\n call a x\n lower 9\n call b x");
    assert!(refused.contains("budgetExceeded"), "{refused}");
    let closed = play("exposure hosted\n hosted a x\n lower 0\n made a A");
    assert!(closed.contains("close response"), "{closed}");
}
