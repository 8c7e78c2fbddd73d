//! Failing stores and providers.

use crate::StartError;
use crate::fakes::fixture::Fixture;
use crate::fakes::log::run_pending_tasks;

const HELLO: &str = "text msg_1 Hello\n done";

#[tokio::test(start_paused = true)]
async fn unjournaled_call_is_not_sent() {
    let mut fixture = Fixture::new();
    fixture.faults.reserve = true;
    fixture.run_turn(&["call a cat\n done", HELLO]).await;
    assert!(!fixture.log.has("make"));
    let item = fixture.log.rest("send thread item/completed imageGeneration a ");
    assert_eq!(item, "failed storage, billed no: the disk is full");
    assert!(fixture.log.has("send thread turn/completed completed"), "the model gets the error and the turn continues");
}

#[tokio::test(start_paused = true)]
async fn unstored_image_is_reported_as_billed() {
    for (bills, expected) in [(true, "yes"), (false, "no")] {
        let mut fixture = Fixture::new();
        fixture.faults.settle = true;
        fixture.bills = bills;
        fixture.run_turn(&["call a cat\n done", HELLO]).await;
        let item = fixture.log.rest("send thread item/completed imageGeneration a ");
        assert_eq!(item, format!("failed storage, billed {expected}: the disk is full"));
    }
}

#[tokio::test(start_paused = true)]
async fn failed_write_fails_turn_and_other_threads_continue() {
    // Whichever event fails, the client sees the end of every item, one error, and the end of the turn.
    for event in [
        "item/started imageGeneration",
        "item/completed imageGeneration",
        "raw function_call_output",
        "usage",
        "item/started agentMessage",
        "turn/completed",
    ] {
        let mut fixture = Fixture::new();
        fixture.faults.append = Some(event);
        fixture.run_turn(&["call a cat\n done", HELLO]).await;
        let lines = fixture.log.lines();
        assert_eq!(fixture.log.count("send thread error \"the disk is full\""), 1, "{event}: {lines:#?}");
        assert_eq!(fixture.log.count("send thread turn/completed failed"), 1, "{event}: {lines:#?}");
        assert_eq!(fixture.log.count("send thread turn/completed"), 1, "{event}: {lines:#?}");
        assert_eq!(lines.last().map(|line| line.starts_with("send thread turn/completed")), Some(true), "{event}");
        let (started, completed) = ("send thread item/started", "send thread item/completed");
        assert_eq!(fixture.log.count(started), fixture.log.count(completed), "{event}: {lines:#?}");
        assert!(!fixture.log.has("write turn/completed"), "history stays a complete prefix: {lines:#?}");
        if event == "item/started imageGeneration" {
            assert!(!fixture.log.has("reserve") && !fixture.log.has("make"), "{lines:#?}");
        }
        let other = fixture.load("other", &[HELLO]);
        fixture.start(&other, "turn").await;
        fixture.log.wait_for("send other turn/completed").await;
    }
}

#[tokio::test(start_paused = true)]
async fn unwritten_turn_does_not_start() {
    for append_panics in [false, true] {
        let mut fixture = Fixture::new();
        (fixture.faults.append, fixture.faults.append_panics) = (Some("turn/started"), append_panics);
        let handle = fixture.load("thread", &[HELLO]);
        let response_sent = Box::pin(std::future::ready(()));
        let refused = fixture.try_start(&handle, "turn", response_sent).await;
        assert!(matches!(refused, Err(StartError::Storage(_))), "{refused:?}");
        run_pending_tasks().await;
        assert!(fixture.log.lines().is_empty(), "{:#?}", fixture.log.lines());
        assert_eq!(handle.slot.running_turn(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn turn_is_written_before_start_returns() {
    let fixture = Fixture::new();
    let handle = fixture.load("thread", &[HELLO]);
    fixture.start(&handle, "turn").await;
    assert!(fixture.log.has("write raw user \"Draw\""), "{:#?}", fixture.log.lines());
    fixture.wait_for_end().await;
    assert_eq!(fixture.log.count("write turn/started"), 1);
}

#[tokio::test(start_paused = true)]
async fn store_panic_fails_turn() {
    let mut fixture = Fixture::new();
    fixture.faults.append = Some("item/started agentMessage");
    fixture.faults.append_panics = true;
    fixture.run_turn(&[HELLO]).await;
    assert!(fixture.log.has("send thread turn/completed failed"));
}

#[tokio::test(start_paused = true)]
async fn thread_runs_next_turn_after_failed_write() {
    let mut fixture = Fixture::new();
    fixture.faults.append = Some("item/completed agentMessage msg_1");
    let handle = fixture.load("thread", &[HELLO, "text msg_2 Hello\n done"]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("send thread turn/completed failed").await;
    fixture.start(&handle, "next").await;
    fixture.log.wait_for("send thread turn/completed completed").await;
}

#[tokio::test(start_paused = true)]
async fn provider_panic_fails_only_that_turn() {
    for response in ["panic", "text msg_1 Hello\n panic", "panic at once"] {
        let fixture = Fixture::new();
        let handle = fixture.load("thread", &[response, HELLO]);
        fixture.start(&handle, "turn").await;
        fixture.log.wait_for("send thread turn/completed failed").await;
        assert!(fixture.log.has("send thread error \"The provider failed inside Easel; the log has details.\""));
        fixture.start(&handle, "next").await;
        fixture.log.wait_for("send thread turn/completed completed").await;
    }
}

#[tokio::test(start_paused = true)]
async fn truncated_response_fails_turn_after_calls_end() {
    let fixture = Fixture::new();
    let handle = fixture.load("thread", &["call a wait brush"]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("close response").await;
    assert!(!fixture.log.has("write turn/completed"));
    fixture.log.open("brush");
    fixture.wait_for_end().await;
    fixture.log.assert_order(&[
        "settle a made",
        "send thread item/completed imageGeneration a completed",
        "send thread error \"The model's response ended early.\"",
        "send thread turn/completed failed",
    ]);
}

#[tokio::test(start_paused = true)]
async fn failed_model_request_is_not_repeated() {
    let fixture = Fixture::new();
    fixture.run_turn(&["fail"]).await;
    assert_eq!(fixture.log.count("request"), 1);
    assert!(fixture.log.has("send thread error \"the model is gone\""));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_after_failed_write() {
    let mut fixture = Fixture::new();
    fixture.faults.append = Some("item/started imageGeneration b");
    let handle = fixture.load("thread", &["call a wait brush\n call b cat\n done"]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("make a").await;
    run_pending_tasks().await;
    fixture.log.open("brush");
    fixture.wait_for_end().await;
    fixture.log.assert_order(&["settle a made", "send thread item/completed imageGeneration a completed"]);
    assert!(!fixture.log.has("write item/completed imageGeneration"), "{:#?}", fixture.log.lines());
    assert!(!fixture.log.has("reserve b") && !fixture.log.has("write turn/completed"));
}
