//! What is told, and when.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::fakes::log::settle;
use crate::fakes::world::World;

#[tokio::test(start_paused = true)]
async fn a_turn_goes_its_whole_way_and_everything_is_written_before_it_is_told() {
    let world = World::new();
    world.turn(&["call call_1 a cat\n done", "text msg_1 Here it is\n done"]).await;
    world.log.assert_order(&[
        "write item/started userMessage",
        "ask with 1 items, 1 tools",
        "write item/started imageGeneration call_1",
        "reserve call_1 of turn of thread",
        "make call_1 of []",
        "made call_1",
        "settle call_1 made",
        "write item/completed imageGeneration call_1 completed",
        "ask with 3 items, 1 tools",
        "write item/completed agentMessage msg_1",
        "write turn/completed completed",
        "tell thread turn/completed completed",
    ]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_told_before_the_answer_and_its_delay_while_the_work_starts_at_once() {
    let world = World::new();
    let (answer, answered) = oneshot::channel::<()>();
    let handle = world.load("thread", &["call call_1 a cat\n done", "text msg_1 Hello\n done"]);
    world.start_answered(&handle, "turn", Box::pin(async { drop(answered.await) })).await;
    world.log.until("write turn/completed").await;
    settle().await;
    assert!(!world.log.has("tell"), "{:#?}", world.log.lines());

    let begin = Instant::now();
    answer.send(()).unwrap();
    world.end().await;
    assert_eq!(begin.elapsed(), Duration::from_millis(20));
    world.log.assert_order(&[
        "made call_1",
        "tell thread status active",
        "tell thread turn/started",
        "tell thread item/started userMessage",
        "tell thread item/started imageGeneration",
        "tell thread item/completed imageGeneration",
        "tell thread item/completed agentMessage",
        "tell thread status idle",
        "tell thread turn/completed",
    ]);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_is_still_at_work_after_the_delay_tells_at_once() {
    let world = World::new();
    let handle = world.load("thread", &["call call_1 wait brush\n done", "text msg_1 Hello\n done"]);
    world.start(&handle, "turn").await;
    world.log.until("tell thread item/started imageGeneration").await;
    assert!(!world.log.has("made"));
    world.log.open("brush");
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_given_up_does_not_hold_the_events_back_for_ever() {
    let world = World::new();
    let handle = world.load("thread", &["text msg_1 Hello\n done"]);
    let (answer, answered) = oneshot::channel::<()>();
    drop(answer);
    world.start_answered(&handle, "turn", Box::pin(async { drop(answered.await) })).await;
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_audience_stalls_the_turn_but_loses_nothing() {
    let mut world = World::new();
    world.slow_audience = true;
    world.rules.event_delay = Duration::ZERO;
    let handle = world.load("thread", &["text msg_1 Hello\n done"]);
    world.start(&handle, "turn").await;
    world.log.until("offer status active").await;
    settle().await;
    assert_eq!(world.log.count("offer"), 1, "{:#?}", world.log.lines());

    // Each event is offered only when the one before it has been taken.
    for told in 1.. {
        world.log.until_count("offer", told).await;
        let lines = world.log.lines();
        let offered = lines.iter().filter_map(|line| line.strip_prefix("offer ")).next_back().unwrap();
        assert_eq!(world.log.count("tell"), told - 1);
        world.log.open(&format!("listen {offered}"));
        if offered.starts_with("turn/completed") {
            break;
        }
    }
    world.end().await;
    assert_eq!(world.log.count("tell"), world.log.count("write"));
}

#[tokio::test(start_paused = true)]
async fn more_events_than_may_wait_are_told_in_their_order_all_the_same() {
    let world = World::new();
    let (answer, answered) = oneshot::channel::<()>();
    // Each message makes four events.
    let chatter: String = (0..400).map(|number| format!("text msg_{number} Hello\n")).collect();
    let handle = world.load("thread", &[Box::leak(format!("{chatter}done").into_boxed_str())]);
    world.start_answered(&handle, "turn", Box::pin(async { drop(answered.await) })).await;
    settle().await;
    assert!(!world.log.has("tell") && !world.log.has("write turn/completed"));
    answer.send(()).unwrap();
    world.end().await;
    let of = |start: &str| -> Vec<String> {
        world.log.lines().iter().filter_map(|line| line.strip_prefix(start).map(str::to_owned)).collect()
    };
    assert_eq!(of("tell thread "), of("write "));
}

#[tokio::test(start_paused = true)]
async fn a_turn_can_be_started_from_the_end_of_the_one_before() {
    let mut world = World::new();
    world.slow_audience = true;
    world.rules.event_delay = Duration::ZERO;
    let handle = world.load("thread", &["done", "done"]);
    world.start(&handle, "turn").await;
    for event in ["status active", "turn/started", "item/started", "item/completed", "raw", "usage", "status idle"] {
        let offer = format!("offer {event}");
        world.log.until(&offer).await;
        world.log.open(&format!("listen {event}{}", world.log.rest(&offer)));
    }
    world.log.until("offer turn/completed").await;
    world.start(&handle, "next").await;
    assert_eq!(handle.slot.running().as_deref(), Some("next"));
    world.log.open(&format!("listen turn/completed{}", world.log.rest("offer turn/completed")));
    world.log.until("write item/started userMessage user_next").await;
}
