//! The time and order of events.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::fakes::fixture::Fixture;
use crate::fakes::log::run_pending_tasks;

#[tokio::test(start_paused = true)]
async fn events_are_written_before_they_are_sent() {
    let fixture = Fixture::new();
    fixture.run_turn(&["call call_1 a cat\n done", "text msg_1 Here it is\n done"]).await;
    fixture.log.assert_order(&[
        "write item/started userMessage",
        "request with 1 items, 1 tools",
        "write item/started imageGeneration call_1",
        "reserve call_1 of turn of thread",
        "make call_1 of []",
        "made call_1",
        "settle call_1 made",
        "write item/completed imageGeneration call_1 completed",
        "request with 3 items, 1 tools",
        "write item/completed agentMessage msg_1",
        "write turn/completed completed",
        "send thread turn/completed completed",
    ]);
}

#[tokio::test(start_paused = true)]
async fn events_wait_for_response_and_delay_while_work_starts() {
    let fixture = Fixture::new();
    let (respond, responded) = oneshot::channel::<()>();
    let handle = fixture.load("thread", &["call call_1 a cat\n done", "text msg_1 Hello\n done"]);
    fixture.start_with_response(&handle, "turn", Box::pin(async { drop(responded.await) })).await;
    fixture.log.wait_for("write turn/completed").await;
    run_pending_tasks().await;
    assert!(!fixture.log.has("send"), "{:#?}", fixture.log.lines());

    let begin = Instant::now();
    respond.send(()).unwrap();
    fixture.wait_for_end().await;
    assert_eq!(begin.elapsed(), Duration::from_millis(20));
    fixture.log.assert_order(&[
        "made call_1",
        "send thread status active",
        "send thread turn/started",
        "send thread item/started userMessage",
        "send thread item/started imageGeneration",
        "send thread item/completed imageGeneration",
        "send thread item/completed agentMessage",
        "send thread status idle",
        "send thread turn/completed",
    ]);
}

#[tokio::test(start_paused = true)]
async fn running_turn_sends_events_after_delay() {
    let fixture = Fixture::new();
    let handle = fixture.load("thread", &["call call_1 wait brush\n done", "text msg_1 Hello\n done"]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("send thread item/started imageGeneration").await;
    assert!(!fixture.log.has("made"));
    fixture.log.open("brush");
    fixture.wait_for_end().await;
}

#[tokio::test(start_paused = true)]
async fn dropped_response_releases_events() {
    let fixture = Fixture::new();
    let handle = fixture.load("thread", &["text msg_1 Hello\n done"]);
    let (respond, responded) = oneshot::channel::<()>();
    drop(respond);
    fixture.start_with_response(&handle, "turn", Box::pin(async { drop(responded.await) })).await;
    fixture.wait_for_end().await;
}

#[tokio::test(start_paused = true)]
async fn slow_sink_stalls_turn_without_loss() {
    let mut fixture = Fixture::new();
    fixture.slow_sink = true;
    fixture.config.event_delay = Duration::ZERO;
    let handle = fixture.load("thread", &["text msg_1 Hello\n done"]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("publish status active").await;
    run_pending_tasks().await;
    assert_eq!(fixture.log.count("publish"), 1, "{:#?}", fixture.log.lines());

    // Each event is published only after the one before it was received.
    for sent in 1.. {
        fixture.log.wait_for_count("publish", sent).await;
        let lines = fixture.log.lines();
        let published = lines.iter().filter_map(|line| line.strip_prefix("publish ")).next_back().unwrap();
        assert_eq!(fixture.log.count("send"), sent - 1);
        fixture.log.open(&format!("receive {published}"));
        if published.starts_with("turn/completed") {
            break;
        }
    }
    fixture.wait_for_end().await;
    assert_eq!(fixture.log.count("send"), fixture.log.count("write"));
}

#[tokio::test(start_paused = true)]
async fn full_event_gate_keeps_order() {
    let fixture = Fixture::new();
    let (respond, responded) = oneshot::channel::<()>();
    // Each message makes four events.
    let chatter: String = (0..400).map(|number| format!("text msg_{number} Hello\n")).collect();
    let handle = fixture.load("thread", &[Box::leak(format!("{chatter}done").into_boxed_str())]);
    fixture.start_with_response(&handle, "turn", Box::pin(async { drop(responded.await) })).await;
    run_pending_tasks().await;
    assert!(!fixture.log.has("send") && !fixture.log.has("write turn/completed"));
    respond.send(()).unwrap();
    fixture.wait_for_end().await;
    let of = |start: &str| -> Vec<String> {
        fixture.log.lines().iter().filter_map(|line| line.strip_prefix(start).map(str::to_owned)).collect()
    };
    assert_eq!(of("send thread "), of("write "));
}

#[tokio::test(start_paused = true)]
async fn next_turn_can_start_before_last_event_is_sent() {
    let mut fixture = Fixture::new();
    fixture.slow_sink = true;
    fixture.config.event_delay = Duration::ZERO;
    let handle = fixture.load("thread", &["done", "done"]);
    fixture.start(&handle, "turn").await;
    for event in ["status active", "turn/started", "item/started", "item/completed", "raw", "usage", "status idle"] {
        let publish = format!("publish {event}");
        fixture.log.wait_for(&publish).await;
        fixture.log.open(&format!("receive {event}{}", fixture.log.rest(&publish)));
    }
    fixture.log.wait_for("publish turn/completed").await;
    fixture.start(&handle, "next").await;
    assert_eq!(handle.slot.running_turn().as_deref(), Some("next"));
    fixture.log.open(&format!("receive turn/completed{}", fixture.log.rest("publish turn/completed")));
    fixture.log.wait_for("write item/started userMessage user_next").await;
}
