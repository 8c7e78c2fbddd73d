//! Configuration changes while a turn runs.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::fakes::fixture::Fixture;
use crate::fakes::log::run_pending_tasks;
use crate::fakes::provider::FakeProvider;
use crate::{PendingSends, ThreadConfig, ThreadHandle};

const HELLO: &str = "text msg_1 Hello\n done";

fn change(
    handle: &ThreadHandle<FakeProvider>,
    change: impl FnOnce(&mut ThreadConfig),
) -> (PendingSends, CancellationToken) {
    let mut config = ThreadConfig::clone(&handle.config.get());
    change(&mut config);
    let response_sent = CancellationToken::new();
    (handle.config.replace(1, Arc::new(config), Some(&response_sent)), response_sent)
}

fn switch_off(config: &mut ThreadConfig) {
    config.image_generation = false;
}

#[tokio::test(start_paused = true)]
async fn waiting_call_is_not_sent_after_switch_off() {
    let mut fixture = Fixture::new();
    fixture.config.parallel_calls = 1;
    let handle = fixture.load("thread", &["call a wait brush\n call b cat\n done", HELLO]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("make a").await;
    let (pending, response_sent) = change(&handle, switch_off);
    pending.wait().await;
    response_sent.cancel();
    fixture.log.open("brush");
    fixture.wait_for_end().await;
    assert!(!fixture.log.has("make b"), "{:#?}", fixture.log.lines());
    assert!(fixture.log.has("settle a made"), "the call that was sent is kept");
    let item = fixture.log.rest("send thread item/completed imageGeneration b ");
    assert!(item.starts_with("failed approvalDenied, billed no"), "{item}");
    assert!(fixture.log.has("settle b approvalDenied billed no"));
    assert!(fixture.log.has("request with 5 items, 0 tools"), "{:#?}", fixture.log.lines());
}

#[tokio::test(start_paused = true)]
async fn lowered_limit_applies_to_planned_calls() {
    let mut fixture = Fixture::new();
    fixture.config.parallel_calls = 1;
    let handle = fixture.load("thread", &["call a wait brush\n call b cat\n done", HELLO]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("make a").await;
    let (_, response_sent) = change(&handle, |config| config.max_images = 1);
    response_sent.cancel();
    fixture.log.open("brush");
    fixture.wait_for_end().await;
    assert!(!fixture.log.has("make b") && fixture.log.has("settle b budgetExceeded billed no"));
}

#[tokio::test(start_paused = true)]
async fn switch_off_closes_hosted_response_and_keeps_images() {
    let fixture = Fixture::hosted();
    let handle = fixture.load("thread", &["hosted a\n image a\n hosted b\n wait nothing"]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("reserve b").await;
    let (_, response_sent) = change(&handle, switch_off);
    response_sent.cancel();
    fixture.wait_for_end().await;
    fixture.log.assert_order(&["settle a made", "close response", "settle b interrupted billed uncertain"]);
    assert!(fixture.log.has("send thread item/completed imageGeneration a completed"));
    assert!(fixture.log.has("send thread turn/completed failed"));
}

#[tokio::test(start_paused = true)]
async fn events_of_switch_off_wait_for_response() {
    let fixture = Fixture::hosted();
    let handle = fixture.load("thread", &["hosted a\n wait nothing"]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("send thread item/started imageGeneration a").await;
    let (_, response_sent) = change(&handle, switch_off);
    fixture.log.wait_for("write turn/completed failed").await;
    run_pending_tasks().await;
    assert!(!fixture.log.has("send thread item/completed imageGeneration"), "{:#?}", fixture.log.lines());
    response_sent.cancel();
    fixture.wait_for_end().await;
}

#[tokio::test(start_paused = true)]
async fn replacement_waits_for_pending_sends() {
    let fixture = Fixture::new();
    let handle = fixture.load("thread", &[]);
    let permit = handle.config.acquire_permit(|_| Ok::<_, ()>(())).expect("it is allowed");
    let (pending, _) = change(&handle, switch_off);
    let mut waiting = std::pin::pin!(pending.wait());
    assert!(futures_util::poll!(waiting.as_mut()).is_pending());
    drop(permit);
    waiting.await;
    handle
        .config
        .acquire_permit(|config| if config.image_generation { Ok(()) } else { Err(()) })
        .expect_err("it is off");
}

#[tokio::test(start_paused = true)]
async fn lenient_change_does_not_affect_turn() {
    let fixture = Fixture::hosted();
    let handle = fixture.load("thread", &["hosted a\n wait brush\n image a\n text msg_1 Hello\n done"]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("reserve a").await;
    // The response is never sent; the turn does not wait for it.
    let (_, _response_sent) = change(&handle, |config| config.max_images = 99);
    run_pending_tasks().await;
    fixture.log.open("brush");
    fixture.wait_for_end().await;
    assert!(fixture.log.has("send thread turn/completed completed"));
}
