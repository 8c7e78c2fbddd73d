//! What a user adds to a turn that runs.

use easel_protocol::input::{ImageDetail, UserInput};
use tokio::sync::oneshot;

use crate::fakes::log::settle;
use crate::fakes::provider::FakeProvider;
use crate::fakes::world::World;
use crate::registry::ThreadHandle;
use crate::slot::{Steer, SteerRefused};
use crate::telling::Answered;
use crate::user_message;

const HELLO: &str = "text msg_2 Hello\n done";

fn steer(handle: &ThreadHandle<FakeProvider>, answered: Answered) -> Result<(), SteerRefused> {
    let content = vec![UserInput::Text { text: "Faster".into(), text_elements: Vec::new() }];
    let (message_id, attachments) = ("user_more".to_owned(), Vec::new());
    let input = user_message::for_model(&content, &attachments, ImageDetail::High);
    handle
        .slot
        .steer("turn", Steer { message_id: message_id.into(), client_id: None, content, attachments, input, answered })
}

fn at_once() -> Answered {
    Box::pin(std::future::ready(()))
}

#[tokio::test(start_paused = true)]
async fn it_is_given_to_the_model_with_the_next_request_after_the_outputs_of_its_calls() {
    let world = World::new();
    let handle = world.load("thread", &["call a wait brush\n done", HELLO]);
    world.start(&handle, "turn").await;
    world.log.until("make a").await;
    steer(&handle, at_once()).expect("the turn runs");
    world.log.open("brush");
    world.end().await;
    world.log.assert_order(&[
        "write item/completed imageGeneration a",
        "write item/started userMessage user_more",
        "write item/completed userMessage user_more",
        "ask with 4 items",
        "tell thread turn/completed completed",
    ]);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_would_end_asks_once_more_for_it() {
    let world = World::new();
    let handle = world.load("thread", &["text msg_1 Hello\n wait gate\n done", HELLO]);
    world.start(&handle, "turn").await;
    world.log.until("tell thread item/completed agentMessage msg_1").await;
    steer(&handle, at_once()).expect("the turn runs");
    world.log.open("gate");
    world.end().await;
    assert_eq!(world.log.count("ask"), 2);
    assert_eq!(steer(&handle, at_once()), Err(SteerRefused::NoTurn));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_told_of_it_before_it_is_answered() {
    let world = World::new();
    let handle = world.load("thread", &["wait gate\n done", HELLO]);
    world.start(&handle, "turn").await;
    world.log.until("ask").await;
    let (answered, told) = oneshot::channel::<()>();
    let waiting = Box::pin(async move {
        let _ = told.await;
    });
    steer(&handle, waiting).expect("the turn runs");
    world.log.open("gate");
    world.log.until_count("ask", 2).await;
    settle().await;
    assert!(!world.log.has("tell thread item/started userMessage user_more"), "{:#?}", world.log.lines());
    answered.send(()).expect("the turn waits");
    world.end().await;
    assert!(world.log.has("tell thread item/started userMessage user_more"));
}
