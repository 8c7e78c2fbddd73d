//! Interrupts: before the start, at every stage of a call, and after the end.

use crate::ThreadHandle;
use crate::fakes::fixture::Fixture;
use crate::fakes::log::run_pending_tasks;
use crate::fakes::provider::FakeProvider;

const HELLO: &str = "text msg_1 Hello\n done";

fn interrupt(handle: &ThreadHandle<FakeProvider>) {
    let interrupt = handle.slot.interrupt_token().expect("a turn runs");
    interrupt.cancel();
}

#[tokio::test(start_paused = true)]
async fn interrupt_before_start_sends_no_request() {
    let fixture = Fixture::new();
    let handle = fixture.load("thread", &[HELLO]);
    let permit = handle.slot.begin("turn").expect("no turn runs");
    interrupt(&handle);
    fixture.start_with(&handle, permit, Box::pin(std::future::ready(()))).await.expect("the turn starts");
    fixture.wait_for_end().await;
    assert!(!fixture.log.has("request"), "{:#?}", fixture.log.lines());
    assert!(fixture.log.has("send thread turn/completed interrupted"));
}

#[tokio::test(start_paused = true)]
async fn interrupt_closes_response() {
    let fixture = Fixture::new();
    let handle = fixture.load("thread", &["wait nothing"]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("request").await;
    interrupt(&handle);
    fixture.wait_for_end().await;
    fixture.log.assert_order(&["request", "close response", "send thread turn/completed interrupted"]);
}

#[tokio::test(start_paused = true)]
async fn interrupt_cancels_calls_and_settles_rows() {
    let fixture = Fixture::new();
    let handle = fixture.load("thread", &["call a wait brush\n call b wait brush\n done"]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for_count("make", 2).await;
    interrupt(&handle);
    fixture.wait_for_end().await;
    for call in ["a", "b"] {
        fixture.log.assert_order(&[
            &format!("drop make {call}"),
            &format!("settle {call} interrupted billed uncertain"),
            &format!("send thread item/completed imageGeneration {call} failed interrupted, billed uncertain"),
            "send thread turn/completed interrupted",
        ]);
    }
}

#[tokio::test(start_paused = true)]
async fn interrupted_waiting_call_is_never_sent() {
    let mut fixture = Fixture::new();
    fixture.config.parallel_calls = 1;
    let handle = fixture.load("thread", &["call a wait brush\n call b wait brush\n done"]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("make a").await;
    interrupt(&handle);
    fixture.wait_for_end().await;
    assert!(!fixture.log.has("reserve b") && !fixture.log.has("make b"), "{:#?}", fixture.log.lines());
    assert!(fixture.log.has("send thread item/completed imageGeneration b failed interrupted, billed no"));
}

#[tokio::test(start_paused = true)]
async fn interrupt_after_journaling_sends_nothing() {
    let mut fixture = Fixture::new();
    fixture.faults.slow_reserve = true;
    let handle = fixture.load("thread", &["call a cat\n done"]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("begin to reserve a").await;
    interrupt(&handle);
    run_pending_tasks().await;
    fixture.log.open("reserve");
    fixture.wait_for_end().await;
    assert!(!fixture.log.has("make"), "{:#?}", fixture.log.lines());
    assert!(fixture.log.has("settle a interrupted billed no"));
}

#[tokio::test(start_paused = true)]
async fn image_that_arrives_with_interrupt_is_kept() {
    let fixture = Fixture::new();
    let handle = fixture.load("thread", &["call a wait brush\n done"]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("make a").await;
    // Both happen before the call is polled again.
    interrupt(&handle);
    fixture.log.open("brush");
    fixture.wait_for_end().await;
    fixture.log.assert_order(&[
        "made a",
        "settle a made",
        "send thread item/completed imageGeneration a completed",
        "send thread item/completed agentMessage msg_turn",
        "send thread turn/completed interrupted",
    ]);
}

#[tokio::test(start_paused = true)]
async fn interrupt_keeps_image_that_store_is_writing() {
    let mut fixture = Fixture::new();
    fixture.faults.slow_settle = true;
    let handle = fixture.load("thread", &["call a cat\n done"]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("made a").await;
    interrupt(&handle);
    run_pending_tasks().await;
    assert!(!fixture.log.has("drop"), "{:#?}", fixture.log.lines());
    fixture.log.open("settle");
    fixture.wait_for_end().await;
    fixture.log.assert_order(&["settle a made", "send thread item/completed imageGeneration a completed"]);
}

#[tokio::test(start_paused = true)]
async fn interrupt_keeps_image_that_provider_is_writing() {
    for (fixture, response) in [
        (Fixture::new(), "call a store shelf\n done"),
        (Fixture::hosted(), "hosted a\n store shelf\n image a\n wait nothing"),
    ] {
        let handle = fixture.load("thread", &[response]);
        fixture.start(&handle, "turn").await;
        fixture.log.wait_for("begin to store").await;
        interrupt(&handle);
        run_pending_tasks().await;
        assert!(!fixture.log.has("settle a") && !fixture.log.has("drop"), "{:#?}", fixture.log.lines());
        fixture.log.open("shelf");
        fixture.wait_for_end().await;
        fixture.log.assert_order(&[
            "settle a made",
            "send thread item/completed imageGeneration a completed",
            "send thread turn/completed interrupted",
        ]);
    }
}

#[tokio::test(start_paused = true)]
async fn turn_after_interrupt_runs_normally() {
    let fixture = Fixture::new();
    let handle = fixture.load("thread", &["wait nothing", "call a cat\n done", HELLO]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("request").await;
    let interrupt = handle.slot.interrupt_token().expect("a turn runs");
    interrupt.cancel();
    fixture.log.wait_for("send thread turn/completed interrupted").await;
    fixture.start(&handle, "next").await;
    interrupt.cancel();
    fixture.log.wait_for("send thread turn/completed completed").await;
    assert!(fixture.log.has("made a"));
}

#[tokio::test(start_paused = true)]
async fn shutdown_interrupts_all_threads_and_waits() {
    let fixture = Fixture::new();
    let handles = ["a", "b"].map(|id| fixture.load(id, &["call c wait brush\n done"]));
    for handle in &handles {
        fixture.start(handle, "turn").await;
    }
    fixture.log.wait_for_count("make c", 2).await;
    fixture.threads.interrupt_all();
    drop(handles);
    fixture.threads.close().await;
    assert_eq!(fixture.log.count("settle c interrupted"), 2);
    assert!(fixture.log.has("send a turn/completed interrupted"));
    assert!(fixture.log.has("send b turn/completed interrupted"));
}
