//! Calls that wait for an approval.

use std::sync::Arc;

use easel_imagegen::approval::ApprovalPolicy;

use crate::ThreadConfig;
use crate::fakes::fixture::Fixture;
use crate::fakes::hooks::hook;

const HELLO: &str = "text msg_1 Hello\n done";

fn fixture(is_for_all: bool, is_over_limits: bool) -> Fixture {
    let mut fixture = Fixture::new();
    fixture.config.approval = ApprovalPolicy { is_for_all, is_over_limits };
    fixture
}

#[tokio::test(start_paused = true)]
async fn question_follows_item_and_status_and_precedes_the_journal() {
    let mut fixture = fixture(true, true);
    fixture.config.hooks.pre = vec![hook("allow")];
    fixture.log.open("answer a");
    fixture.run_turn(&["call a cat\n done", HELLO]).await;
    fixture.log.assert_order(&[
        "send thread item/started imageGeneration a",
        "send thread status waiting",
        "question a",
        "reserve a",
        "make a",
        "send thread item/completed imageGeneration a completed",
    ]);
    fixture.log.assert_order(&["hook allow a", "question a"]);
    assert!(!fixture.log.has("withdraw a"));
}

#[tokio::test(start_paused = true)]
async fn waiting_call_holds_no_permit() {
    let mut fixture = fixture(true, true);
    fixture.config.parallel_calls = 1;
    let handle = fixture.load("thread", &["call a cat\n call b dog\n call c bird\n done", HELLO]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for_count("question", 3).await;
    assert!(handle.slot.waits_for_approval());
    fixture.log.open("answer c");
    fixture.log.wait_for("make c").await;
    fixture.log.open("answer a");
    fixture.log.open("answer b");
    fixture.wait_for_end().await;
    assert_eq!((fixture.log.count("make"), fixture.log.count("send thread status waiting")), (3, 1));
    assert!(!handle.slot.waits_for_approval());
}

#[tokio::test(start_paused = true)]
async fn denied_and_unasked_calls_are_not_journaled() {
    for (prompt, can_ask) in [("deny", true), ("cat", false)] {
        let mut fixture = fixture(true, true);
        fixture.approver.can_ask = can_ask;
        fixture.log.open("answer a");
        let script = if prompt == "deny" { "call a deny\n done" } else { "call a cat\n done" };
        fixture.run_turn(&[script, HELLO]).await;
        let item = fixture.log.rest("send thread item/completed imageGeneration a ");
        assert!(item.starts_with("failed approvalDenied, billed no"), "{item}");
        assert!(!fixture.log.has("reserve"));
        assert_eq!((fixture.log.has("question"), fixture.log.has("send thread status waiting")), (can_ask, can_ask));
    }
}

#[tokio::test(start_paused = true)]
async fn earlier_approval_asks_nobody() {
    let fixture = fixture(true, true);
    fixture.run_turn(&["call a approved\n done", HELLO]).await;
    assert!(fixture.log.has("make a") && !fixture.log.has("question"));
}

#[tokio::test(start_paused = true)]
async fn interrupt_withdraws_questions_before_the_items_end() {
    let fixture = fixture(true, true);
    let handle = fixture.load("thread", &["call a cat\n call b dog\n done", HELLO]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for_count("question", 2).await;
    drop(handle.slot.accept_interrupt("turn").expect("the turn runs"));
    fixture.wait_for_end().await;
    for call in ["a", "b"] {
        let end = format!("send thread item/completed imageGeneration {call} failed interrupted, billed no");
        fixture.log.assert_order(&[&format!("withdraw {call}"), &end]);
    }
    assert!(!fixture.log.has("reserve"));
}

#[tokio::test(start_paused = true)]
async fn question_waits_for_the_response_to_turn_start() {
    let fixture = fixture(true, true);
    let handle = fixture.load("thread", &["call a cat\n done", HELLO]);
    let (sent, response) = tokio::sync::oneshot::channel::<()>();
    let response_sent = Box::pin(async move { drop(response.await) });
    fixture.start_with_response(&handle, "turn", response_sent).await;
    crate::fakes::log::run_pending_tasks().await;
    assert!(!fixture.log.has("question"), "the client does not know the item yet");
    drop(sent);
    fixture.log.open("answer a");
    fixture.wait_for_end().await;
    fixture.log.assert_order(&["send thread item/started imageGeneration a", "question a"]);
}

#[tokio::test(start_paused = true)]
async fn question_is_asked_when_too_many_events_are_delayed() {
    let fixture = fixture(true, true);
    let response = format!("call a cat\n wait brush\n{} done", " text msg_1 Hello\n".repeat(2_000));
    let handle = fixture.load("thread", &[response.leak(), HELLO]);
    let (sent, response) = tokio::sync::oneshot::channel::<()>();
    let response_sent = Box::pin(async move { drop(response.await) });
    fixture.start_with_response(&handle, "turn", response_sent).await;
    crate::fakes::log::run_pending_tasks().await;
    fixture.log.open("brush");
    crate::fakes::log::run_pending_tasks().await;
    drop(sent);
    fixture.log.wait_for("question a").await;
    fixture.log.open("answer a");
    fixture.wait_for_end().await;
    assert!(fixture.log.has("make a"));
}

#[tokio::test(start_paused = true)]
async fn call_over_a_limit_asks_only_with_that_policy() {
    for (asks, kind) in [(true, "completed"), (false, "failed budgetExceeded")] {
        let mut fixture = fixture(false, asks);
        fixture.faults.refuse_calls = true;
        fixture.log.open("answer a");
        fixture.run_turn(&["call a cat\n done", HELLO]).await;
        let item = fixture.log.rest("send thread item/completed imageGeneration a ");
        assert!(item.starts_with(kind), "{item}");
        assert_eq!(fixture.log.has("question a over limit"), asks);
    }
}

#[tokio::test(start_paused = true)]
async fn stricter_policy_applies_to_the_running_turn() {
    let mut fixture = Fixture::new();
    fixture.config.parallel_calls = 1;
    let handle = fixture.load("thread", &["call a wait brush\n call b deny\n done", HELLO]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("make a").await;
    let mut config = ThreadConfig::clone(&handle.config.get());
    config.approval = ApprovalPolicy { is_for_all: true, is_over_limits: true };
    handle.config.replace(1, Arc::new(config), None).wait().await;
    fixture.log.open("brush");
    fixture.log.open("answer b");
    fixture.wait_for_end().await;
    assert!(fixture.log.has("question b") && !fixture.log.has("make b"), "{:#?}", fixture.log.lines());
}

#[tokio::test(start_paused = true)]
async fn guard_that_is_added_while_a_call_waits_stops_it() {
    for (adds_hook, kind) in [(true, "failed hookDenied"), (false, "failed approvalDenied")] {
        let mut fixture = fixture(false, true);
        // The limits refuse the call, so that it waits for an answer.
        fixture.faults.refuse_calls = true;
        let handle = fixture.load("thread", &["call a cat\n done", HELLO]);
        fixture.start(&handle, "turn").await;
        fixture.log.wait_for("question a over limit").await;
        let mut config = ThreadConfig::clone(&handle.config.get());
        if adds_hook {
            config.hooks.pre = vec![hook("allow")];
        } else {
            config.approval.is_for_all = true;
        }
        handle.config.replace(1, Arc::new(config), None).wait().await;
        fixture.log.open("answer a");
        fixture.wait_for_end().await;
        let item = fixture.log.rest("send thread item/completed imageGeneration a ");
        assert!(item.starts_with(kind), "{item}");
    }
}
