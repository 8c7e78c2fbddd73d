//! Panics inside the turn runner, caused by a port that panics.

use std::sync::atomic::Ordering;

use crate::fakes::fixture::Fixture;
use crate::fakes::log::run_pending_tasks;

const HELLO: &str = "text msg_1 Hello\n done";

/// Makes the turn panic when the second preview of an item replaces the first one.
fn panic_at_second_preview(fixture: &mut Fixture) {
    fixture.faults.removal_panics.store(true, Ordering::Relaxed);
    fixture.config.partial_images = 2;
}

/// Checks that every started item ended, for the client and in history.
fn assert_items_ended(fixture: &Fixture) {
    for side in ["send thread", "write"] {
        let (started, completed) = (format!("{side} item/started"), format!("{side} item/completed"));
        assert_eq!(fixture.log.count(&started), fixture.log.count(&completed), "{:#?}", fixture.log.lines());
        assert_eq!(fixture.log.count(&format!("{side} turn/completed failed")), 1, "{:#?}", fixture.log.lines());
    }
}

#[tokio::test(start_paused = true)]
async fn panic_ends_items_and_turn_and_keeps_images() {
    let mut fixture = Fixture::new();
    panic_at_second_preview(&mut fixture);
    let handle = fixture.load("thread", &["text msg_1 Drawing\n call a wait brush\n done"]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("make a").await;
    run_pending_tasks().await;
    assert!(!fixture.log.has("write turn/completed"), "the call may be billed, so the turn waits for it");
    fixture.log.open("brush");
    fixture.wait_for_end().await;
    assert_items_ended(&fixture);
    assert!(fixture.log.has("send thread item/completed imageGeneration a completed"), "{:#?}", fixture.log.lines());
    fixture.log.assert_order(&["adopt messages of turn", "write turn/completed failed"]);
    assert!(
        fixture.log.has("send thread error \"Easel failed internally while it ran this turn; the log has details.\"")
    );
}

#[tokio::test(start_paused = true)]
async fn interrupt_reaches_calls_of_panicked_turn() {
    let mut fixture = Fixture::new();
    panic_at_second_preview(&mut fixture);
    let handle = fixture.load("thread", &["call a wait nothing\n done"]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("make a").await;
    run_pending_tasks().await;
    handle.slot.interrupt_token().expect("it waits for its call").cancel();
    fixture.wait_for_end().await;
    assert_items_ended(&fixture);
    assert!(fixture.log.has("settle a interrupted billed uncertain"));
}

#[tokio::test(start_paused = true)]
async fn hosted_image_of_panicked_turn_may_be_billed() {
    let mut fixture = Fixture::hosted();
    panic_at_second_preview(&mut fixture);
    fixture.run_turn(&["text msg_1 Drawing\n hosted a\n preview a\n preview a\n wait nothing"]).await;
    assert_items_ended(&fixture);
    assert!(fixture.log.has("settle a internal billed uncertain"), "{:#?}", fixture.log.lines());
    fixture.log.assert_order(&["close response", "settle a internal"]);
}

#[tokio::test(start_paused = true)]
async fn reasoning_of_panicked_turn_keeps_its_text() {
    let mut fixture = Fixture::hosted();
    panic_at_second_preview(&mut fixture);
    fixture.run_turn(&["reason r\n think r Cats\n hosted a\n preview a\n preview a\n wait nothing"]).await;
    assert_items_ended(&fixture);
    let completed = r#"send thread item/completed reasoning r ["Cats"] []"#;
    assert!(fixture.log.has(completed), "{:#?}", fixture.log.lines());
}

#[tokio::test(start_paused = true)]
async fn next_turn_after_panic_uses_new_actor() {
    let mut fixture = Fixture::hosted();
    panic_at_second_preview(&mut fixture);
    let failed = fixture.load("thread", &["hosted a\n preview a\n preview a\n wait nothing"]);
    fixture.start(&failed, "turn").await;
    fixture.wait_for_end().await;
    assert!(fixture.threads.get("thread").is_none() && fixture.threads.is_loaded("thread"));
    failed.slot.begin("late").expect_err("its actor is gone");
    failed.flush().await;
    let next = fixture.load("thread", &[HELLO]);
    fixture.start(&next, "next").await;
    fixture.log.wait_for("send thread turn/completed completed").await;
}

#[tokio::test(start_paused = true)]
async fn panic_while_sending_event_ends_turn() {
    for event in ["turn/started", "item/started agentMessage", "raw assistant", "turn/completed"] {
        let mut fixture = Fixture::new();
        fixture.panics_on = Some(event);
        let handle = fixture.load("thread", &[HELLO, HELLO]);
        fixture.start(&handle, "turn").await;
        handle.slot.wait_until_idle().await;
        handle.flush().await;
        run_pending_tasks().await;
        assert_eq!(fixture.log.count("write turn/completed"), 1, "{event}: {:#?}", fixture.log.lines());
        fixture.panics_on = None;
        let next = fixture.load("thread", &[HELLO]);
        fixture.start(&next, "next").await;
        fixture.log.wait_for_count("write turn/completed", 2).await;
    }
}

#[tokio::test(start_paused = true)]
async fn panic_while_starting_turn_refuses_it() {
    let fixture = Fixture::new();
    let handle = fixture.load("thread", &[HELLO]);
    *handle.provider.info_panics.lock().unwrap() = true;
    let refused = fixture.try_start(&handle, "turn", Box::pin(std::future::ready(()))).await;
    refused.expect_err("it panicked");
    *handle.provider.info_panics.lock().unwrap() = false;
    assert_eq!(handle.slot.running_turn(), None);
    fixture.start(&handle, "next").await;
    fixture.wait_for_end().await;
}
