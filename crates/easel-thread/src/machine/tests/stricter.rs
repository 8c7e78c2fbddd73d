//! Rules that become stricter while a turn runs.

use insta::assert_snapshot;

use super::script::{last, play};

#[test]
fn calls_after_the_switch_fail_and_say_why() {
    assert_snapshot!(last("withdraw\n call call_1 a cat"), @r#"
    item/started imageGeneration call_1 in_progress
    item/completed imageGeneration call_1 failed approvalDenied, billed no: the feature `image_generation` was switched off during the turn, so nothing was sent
    "#);
}

#[test]
fn calls_that_run_already_are_kept() {
    let all = play("call call_1 a cat\n withdraw\n made call_1 A\n done");
    assert!(all.contains("item/completed imageGeneration call_1 completed"), "{all}");
    assert!(all.ends_with("ask\n"), "the model goes on: {all}");
}

#[test]
fn later_answers_are_not_offered_the_tool() {
    let all = play("call call_1 a cat\n withdraw\n made call_1 A\n done\n call call_2 a cat");
    assert!(!all.contains("item/started imageGeneration call_2"), "{all}");
}

#[test]
fn an_answer_that_may_make_hosted_images_is_closed() {
    assert_snapshot!(last("offer hosted\n hosted ig_1 a cat\n withdraw"), @"close answer");
    let all = play("offer hosted\n hosted ig_1 a cat\n withdraw\n failed ig_1 interrupted");
    assert!(all.contains("error \"Image generation was switched off while the model answered"), "{all}");
    assert!(all.contains("turn/completed failed"), "{all}");
}

#[test]
fn an_answer_that_can_make_no_image_goes_on() {
    for scene in ["offer none", "offer standalone"] {
        let scene = if scene == "offer standalone" { "max 16" } else { scene };
        assert_eq!(last(&format!("{scene}\n delta m Hel\n withdraw")), "");
    }
}

#[test]
fn a_lowered_limit_holds_and_a_raised_one_does_not() {
    let refused = last("max 2\n call a x\n lower 1\n call b x");
    assert!(refused.contains("budgetExceeded"), "{refused}");
    let refused = last("max 1\n call a x\n lower 9\n call b x");
    assert!(refused.contains("budgetExceeded"), "{refused}");
    let closed = play("offer hosted\n hosted a x\n lower 0\n made a A");
    assert!(closed.contains("close answer"), "{closed}");
}
