//! Calls of clients that join a host turn.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use easel_imagegen::port::{FunctionCall, Reasoning};
use easel_protocol::event::ItemCompletedNotification;
use easel_protocol::item::ThreadItem;
use easel_protocol::record::ImageErrorKind;
use serde_json::json;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::fakes::fixture::Fixture;
use crate::fakes::log::run_pending_tasks;
use crate::fakes::provider::FakeProvider;
use crate::{Caller, HostCall, JoinError, QueuedHostCall, SteerError, ThreadHandle, TurnContent, TurnRequest};

type Handle = Arc<ThreadHandle<FakeProvider>>;

/// A call on its way, what cancels it, and its end.
struct Sent {
    cancel: CancellationToken,
    completed: oneshot::Receiver<ItemCompletedNotification>,
}

fn queue(fixture: &Fixture, id: &str, prompt: &str) -> (QueuedHostCall, Sent) {
    let (sender, completed) = oneshot::channel();
    let cancel = CancellationToken::new();
    let arguments = json!({ "prompt": prompt }).to_string();
    let call = FunctionCall { call_id: id.into(), namespace: None, name: "imagegen".to_owned(), arguments };
    let call = HostCall { item_id: id.into(), call, images: Vec::new() };
    let approver = Arc::new(fixture.approver.clone());
    let caller = Caller { originator: format!("caller of {id}"), approver, cancel: cancel.clone() };
    (QueuedHostCall { call, caller, completed: sender }, Sent { cancel, completed })
}

fn join(fixture: &Fixture, handle: &Handle, id: &str, prompt: &str) -> Result<Sent, JoinError> {
    let (queued, sent) = queue(fixture, id, prompt);
    handle.slot.join(|| queued).map(|()| sent)
}

/// Starts a host turn with one call.
async fn start(fixture: &Fixture, handle: &Handle, id: &str, prompt: &str) -> Sent {
    let permit = handle.slot.begin_host("turn").expect("no turn runs");
    let sent = join(fixture, handle, id, prompt).expect("a host turn");
    let request = TurnRequest {
        permit,
        originator: "tests".to_owned(),
        content: TurnContent::HostCalls,
        settings: None,
        model: "model".to_owned(),
        reasoning: Reasoning::default(),
        closing_answer: None,
        roots: Vec::new(),
        output_schema: None,
        cwd: "/project".to_owned(),
        hook_runner: Arc::new(fixture.hooks.clone()),
        approver: Arc::new(fixture.approver.clone()),
        response_sent: Box::pin(std::future::ready(())),
    };
    handle.start_turn(fixture.store(), request).await.expect("the turn starts");
    sent
}

/// The kind of error of an item; `None` if it has an image.
async fn error_of(sent: Sent) -> Option<ImageErrorKind> {
    let ThreadItem::ImageGeneration(item) = sent.completed.await.expect("an end").item else { panic!("no image") };
    item.error.map(|error| error.kind)
}

#[tokio::test(start_paused = true)]
async fn calls_join_until_the_last_one_has_ended() {
    let fixture = Fixture::new();
    let handle = fixture.load("thread", &[]);
    let first = start(&fixture, &handle, "a", "wait brush").await;
    fixture.log.wait_for("make a").await;
    let second = join(&fixture, &handle, "b", "a dog").expect("the turn runs");
    assert_eq!(error_of(second).await, None);
    assert!(fixture.log.has("send thread item/completed imageGeneration b"), "the event precedes the answer");
    assert_eq!(handle.slot.check_steering("turn"), Err(SteerError::NoModel("turn".into())));
    fixture.log.open("brush");
    assert_eq!(error_of(first).await, None);
    fixture.wait_for_end().await;
    assert_eq!(join(&fixture, &handle, "c", "a cat").err(), Some(JoinError::NoTurn));
    assert_eq!(fixture.log.count("send thread turn/"), 2, "{:#?}", fixture.log.lines());
}

#[tokio::test(start_paused = true)]
async fn cancelled_call_ends_alone() {
    let fixture = Fixture::new();
    let handle = fixture.load("thread", &[]);
    let first = start(&fixture, &handle, "a", "wait brush").await;
    let second = join(&fixture, &handle, "b", "wait nothing").expect("the turn runs");
    fixture.log.wait_for("make b").await;
    second.cancel.cancel();
    assert_eq!(error_of(second).await, Some(ImageErrorKind::Interrupted));
    fixture.log.open("brush");
    assert_eq!(error_of(first).await, None);
    fixture.wait_for_end().await;
    assert!(fixture.log.has("send thread turn/completed completed"));
}

#[tokio::test(start_paused = true)]
async fn interrupted_turn_takes_no_calls() {
    let fixture = Fixture::new();
    let handle = fixture.load("thread", &[]);
    let first = start(&fixture, &handle, "a", "wait nothing").await;
    fixture.log.wait_for("make a").await;
    drop(handle.slot.accept_interrupt("turn").expect("the turn runs"));
    assert_eq!(join(&fixture, &handle, "b", "a cat").err(), Some(JoinError::Ending));
    assert_eq!(error_of(first).await, Some(ImageErrorKind::Interrupted));
    fixture.wait_for_end().await;
    assert!(fixture.log.has("send thread turn/completed interrupted"));
}

#[tokio::test(start_paused = true)]
async fn model_turn_takes_no_calls() {
    let fixture = Fixture::new();
    let handle = fixture.load("thread", &["call a wait brush\n done"]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("make a").await;
    assert_eq!(join(&fixture, &handle, "b", "a cat").err(), Some(JoinError::ModelTurn("turn".into())));
    handle.slot.interrupt_token().expect("a turn runs").cancel();
    fixture.wait_for_end().await;
}

#[tokio::test(start_paused = true)]
async fn panicked_host_turn_answers_its_calls() {
    let mut fixture = Fixture::new();
    fixture.faults.removal_panics.store(true, Ordering::Relaxed);
    fixture.config.partial_images = 2;
    let handle = fixture.load("thread", &[]);
    let first = start(&fixture, &handle, "a", "wait brush").await;
    fixture.log.wait_for("make a").await;
    run_pending_tasks().await;
    assert_eq!(join(&fixture, &handle, "b", "a cat").err(), Some(JoinError::Ending), "the queue is closed");
    fixture.log.open("brush");
    assert_eq!(error_of(first).await, None);
    fixture.wait_for_end().await;
}

#[tokio::test(start_paused = true)]
async fn call_whose_item_cannot_be_written_is_not_sent() {
    let mut fixture = Fixture::new();
    fixture.faults.append = Some("item/started");
    let handle = fixture.load("thread", &[]);
    let sent = start(&fixture, &handle, "a", "a cat").await;
    assert_eq!(error_of(sent).await, Some(ImageErrorKind::Storage));
    fixture.wait_for_end().await;
    assert!(!fixture.log.has("make a") && fixture.log.has("send thread turn/completed failed"));
}

#[tokio::test(start_paused = true)]
async fn call_that_joins_while_a_write_fails_is_not_sent() {
    let mut joined = 0;
    for turns_of_the_runner in 0..8 {
        let mut fixture = Fixture::new();
        fixture.faults.append = Some("item/started imageGeneration b");
        let handle = fixture.load("thread", &[]);
        let first = start(&fixture, &handle, "a", "wait brush").await;
        fixture.log.wait_for("make a").await;
        let second = join(&fixture, &handle, "b", "a dog").expect("the turn runs");
        for _ in 0..turns_of_the_runner {
            tokio::task::yield_now().await;
        }
        if let Ok(third) = join(&fixture, &handle, "c", "a cat") {
            joined += 1;
            assert_eq!(error_of(third).await, Some(ImageErrorKind::Storage));
        }
        assert_eq!(error_of(second).await, Some(ImageErrorKind::Storage));
        assert_eq!(join(&fixture, &handle, "b", "a dog").err(), Some(JoinError::Ending), "a failed turn is closed");
        fixture.log.open("brush");
        assert_eq!(error_of(first).await, None);
        fixture.wait_for_end().await;
        assert!(!fixture.log.has("make b") && !fixture.log.has("make c"), "{:#?}", fixture.log.lines());
        assert!(fixture.log.has("send thread turn/completed failed"));
    }
    assert!(joined > 1, "a call joins while the write is under way");
}
