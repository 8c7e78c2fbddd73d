//! Messages that a user adds to a running turn.

use easel_protocol::input::{ImageDetail, UserInput};
use tokio::sync::oneshot;

use crate::fakes::fixture::Fixture;
use crate::fakes::log::run_pending_tasks;
use crate::fakes::provider::FakeProvider;
use crate::{ResponseSent, SteerError, SteerMessage, ThreadHandle, to_model_message};

const HELLO: &str = "text msg_2 Hello\n done";

fn steer(handle: &ThreadHandle<FakeProvider>, response_sent: ResponseSent) -> Result<(), SteerError> {
    let content = vec![UserInput::Text { text: "Faster".into(), text_elements: Vec::new() }];
    let model_item = to_model_message(&content, &[], ImageDetail::High);
    let message =
        SteerMessage { id: "user_more".into(), client_id: None, content, attachments: Vec::new(), model_item };
    handle.slot.steer("turn", message, response_sent)
}

fn already_sent() -> ResponseSent {
    Box::pin(std::future::ready(()))
}

#[tokio::test(start_paused = true)]
async fn steer_message_follows_call_outputs() {
    let fixture = Fixture::new();
    let handle = fixture.load("thread", &["call a wait brush\n done", HELLO]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("make a").await;
    steer(&handle, already_sent()).expect("the turn runs");
    fixture.log.open("brush");
    fixture.wait_for_end().await;
    fixture.log.assert_order(&[
        "write item/completed imageGeneration a",
        "write item/started userMessage user_more",
        "write item/completed userMessage user_more",
        "request with 4 items",
        "send thread turn/completed completed",
    ]);
}

#[tokio::test(start_paused = true)]
async fn steer_message_causes_one_more_request() {
    let fixture = Fixture::new();
    let handle = fixture.load("thread", &["text msg_1 Hello\n wait gate\n done", HELLO]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("send thread item/completed agentMessage msg_1").await;
    steer(&handle, already_sent()).expect("the turn runs");
    fixture.log.open("gate");
    fixture.wait_for_end().await;
    assert_eq!(fixture.log.count("request"), 2);
    assert_eq!(steer(&handle, already_sent()), Err(SteerError::NoTurn));
}

#[tokio::test(start_paused = true)]
async fn steer_events_wait_for_response() {
    let fixture = Fixture::new();
    let handle = fixture.load("thread", &["wait gate\n done", HELLO]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("request").await;
    let (respond, responded) = oneshot::channel::<()>();
    let waiting = Box::pin(async move {
        let _ = responded.await;
    });
    steer(&handle, waiting).expect("the turn runs");
    fixture.log.open("gate");
    fixture.log.wait_for_count("request", 2).await;
    run_pending_tasks().await;
    assert!(!fixture.log.has("send thread item/started userMessage user_more"), "{:#?}", fixture.log.lines());
    respond.send(()).expect("the turn waits");
    fixture.wait_for_end().await;
    assert!(fixture.log.has("send thread item/started userMessage user_more"));
}
