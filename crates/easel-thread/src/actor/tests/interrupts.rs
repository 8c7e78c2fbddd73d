//! Interrupts: before the start, at every stage of a call, and after the end.

use crate::fakes::log::settle;
use crate::fakes::provider::FakeProvider;
use crate::fakes::world::World;
use crate::registry::ThreadHandle;

const HELLO: &str = "text msg_1 Hello\n done";

fn interrupt(handle: &ThreadHandle<FakeProvider>) {
    let (_, interrupt) = handle.slot.active().expect("a turn runs");
    interrupt.cancel();
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_before_the_turn_has_begun_asks_nobody() {
    let world = World::new();
    let handle = world.load("thread", &[HELLO]);
    let permit = handle.slot.begin("turn").expect("no turn runs");
    interrupt(&handle);
    world.start_with(&handle, permit, Box::pin(std::future::ready(()))).await.expect("the turn starts");
    world.end().await;
    assert!(!world.log.has("ask"), "{:#?}", world.log.lines());
    assert!(world.log.has("tell thread turn/completed interrupted"));
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_closes_the_answer_and_ends_what_was_being_said() {
    let world = World::new();
    let handle = world.load("thread", &["wait nothing"]);
    world.start(&handle, "turn").await;
    world.log.until("ask").await;
    interrupt(&handle);
    world.end().await;
    world.log.assert_order(&["ask", "close answer", "tell thread turn/completed interrupted"]);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_gives_up_the_request_and_settles_its_row() {
    let world = World::new();
    let handle = world.load("thread", &["call a wait brush\n call b wait brush\n done"]);
    world.start(&handle, "turn").await;
    world.log.until_count("make", 2).await;
    interrupt(&handle);
    world.end().await;
    for call in ["a", "b"] {
        world.log.assert_order(&[
            &format!("give up make {call}"),
            &format!("settle {call} interrupted billed uncertain"),
            &format!("tell thread item/completed imageGeneration {call} failed interrupted, billed uncertain"),
            "tell thread turn/completed interrupted",
        ]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_for_its_place_is_never_sent() {
    let mut world = World::new();
    world.rules.parallel_calls = 1;
    let handle = world.load("thread", &["call a wait brush\n call b wait brush\n done"]);
    world.start(&handle, "turn").await;
    world.log.until("make a").await;
    interrupt(&handle);
    world.end().await;
    assert!(!world.log.has("reserve b") && !world.log.has("make b"), "{:#?}", world.log.lines());
    assert!(world.log.has("tell thread item/completed imageGeneration b failed interrupted, billed no"));
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_between_the_journal_and_the_request_sends_nothing() {
    let mut world = World::new();
    world.faults.slow_reserve = true;
    let handle = world.load("thread", &["call a cat\n done"]);
    world.start(&handle, "turn").await;
    world.log.until("begin to reserve a").await;
    interrupt(&handle);
    settle().await;
    world.log.open("reserve");
    world.end().await;
    assert!(!world.log.has("make"), "{:#?}", world.log.lines());
    assert!(world.log.has("settle a interrupted billed no"));
}

#[tokio::test(start_paused = true)]
async fn an_image_that_is_there_as_the_interrupt_comes_is_kept() {
    let world = World::new();
    let handle = world.load("thread", &["call a wait brush\n done"]);
    world.start(&handle, "turn").await;
    world.log.until("make a").await;
    // Both are there before the call is looked at again.
    interrupt(&handle);
    world.log.open("brush");
    world.end().await;
    world.log.assert_order(&[
        "made a",
        "settle a made",
        "tell thread item/completed imageGeneration a completed",
        "tell thread item/completed agentMessage msg_turn",
        "tell thread turn/completed interrupted",
    ]);
}

#[tokio::test(start_paused = true)]
async fn an_image_that_is_being_stored_as_the_interrupt_comes_is_kept() {
    let mut world = World::new();
    world.faults.slow_settle = true;
    let handle = world.load("thread", &["call a cat\n done"]);
    world.start(&handle, "turn").await;
    world.log.until("made a").await;
    interrupt(&handle);
    settle().await;
    assert!(!world.log.has("give up"), "{:#?}", world.log.lines());
    world.log.open("settle");
    world.end().await;
    world.log.assert_order(&["settle a made", "tell thread item/completed imageGeneration a completed"]);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_gives_up_no_image_that_a_provider_is_storing() {
    for (world, answer) in [
        (World::new(), "call a store shelf\n done"),
        (World::hosted(), "hosted a\n store shelf\n drawn a\n wait nothing"),
    ] {
        let handle = world.load("thread", &[answer]);
        world.start(&handle, "turn").await;
        world.log.until("begin to store").await;
        interrupt(&handle);
        settle().await;
        assert!(!world.log.has("settle a") && !world.log.has("give up"), "{:#?}", world.log.lines());
        world.log.open("shelf");
        world.end().await;
        world.log.assert_order(&[
            "settle a made",
            "tell thread item/completed imageGeneration a completed",
            "tell thread turn/completed interrupted",
        ]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_turn_after_an_interrupt_is_whole() {
    let world = World::new();
    let handle = world.load("thread", &["wait nothing", "call a cat\n done", HELLO]);
    world.start(&handle, "turn").await;
    world.log.until("ask").await;
    let (_, interrupt) = handle.slot.active().expect("a turn runs");
    interrupt.cancel();
    world.log.until("tell thread turn/completed interrupted").await;
    world.start(&handle, "next").await;
    interrupt.cancel();
    world.log.until("tell thread turn/completed completed").await;
    assert!(world.log.has("made a"));
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_process_interrupts_every_thread_and_waits_for_their_ends() {
    let world = World::new();
    let handles = ["a", "b"].map(|id| world.load(id, &["call c wait brush\n done"]));
    for handle in &handles {
        world.start(handle, "turn").await;
    }
    world.log.until_count("make c", 2).await;
    world.threads.interrupt_all();
    drop(handles);
    world.threads.close().await;
    assert_eq!(world.log.count("settle c interrupted"), 2);
    assert!(world.log.has("tell a turn/completed interrupted"));
    assert!(world.log.has("tell b turn/completed interrupted"));
}
