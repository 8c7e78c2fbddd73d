//! Panics inside the turn itself: real ones, from a port that it calls.

use std::sync::atomic::Ordering;

use crate::fakes::log::settle;
use crate::fakes::world::World;

const HELLO: &str = "text msg_1 Hello\n done";

/// The second preview of an item replaces the first one, whose removal panics.
fn panic_at_second_preview(world: &mut World) {
    world.faults.removal_panics.store(true, Ordering::Relaxed);
    world.rules.partial_images = 2;
}

/// The client saw an end of everything that it saw begin, and history has the same.
fn everything_ended(world: &World) {
    for side in ["tell thread", "write"] {
        let (started, completed) = (format!("{side} item/started"), format!("{side} item/completed"));
        assert_eq!(world.log.count(&started), world.log.count(&completed), "{:#?}", world.log.lines());
        assert_eq!(world.log.count(&format!("{side} turn/completed failed")), 1, "{:#?}", world.log.lines());
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_ends_items_and_turn_and_keeps_what_was_paid() {
    let mut world = World::new();
    panic_at_second_preview(&mut world);
    let handle = world.load("thread", &["text msg_1 Drawing\n call a wait brush\n done"]);
    world.start(&handle, "turn").await;
    world.log.until("make a").await;
    settle().await;
    assert!(!world.log.has("write turn/completed"), "the call may be paid, so it is waited for");
    world.log.open("brush");
    world.end().await;
    everything_ended(&world);
    assert!(world.log.has("tell thread item/completed imageGeneration a completed"), "{:#?}", world.log.lines());
    world.log.assert_order(&["adopt what was added to turn", "write turn/completed failed"]);
    assert!(world.log.has("tell thread error \"Easel failed inside while it ran this turn.\""));
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_reaches_the_calls_of_a_turn_that_panicked() {
    let mut world = World::new();
    panic_at_second_preview(&mut world);
    let handle = world.load("thread", &["call a wait nothing\n done"]);
    world.start(&handle, "turn").await;
    world.log.until("make a").await;
    settle().await;
    handle.slot.active().expect("it waits for its call").1.cancel();
    world.end().await;
    everything_ended(&world);
    assert!(world.log.has("settle a interrupted billed uncertain"));
}

#[tokio::test(start_paused = true)]
async fn a_hosted_image_under_way_may_be_billed() {
    let mut world = World::hosted();
    panic_at_second_preview(&mut world);
    world.turn(&["text msg_1 Drawing\n hosted a\n shown a\n shown a\n wait nothing"]).await;
    everything_ended(&world);
    assert!(world.log.has("settle a internal billed uncertain"), "{:#?}", world.log.lines());
    world.log.assert_order(&["close answer", "settle a internal"]);
}

#[tokio::test(start_paused = true)]
async fn the_thread_takes_its_next_turn_with_another_actor() {
    let mut world = World::hosted();
    panic_at_second_preview(&mut world);
    let failed = world.load("thread", &["hosted a\n shown a\n shown a\n wait nothing"]);
    world.start(&failed, "turn").await;
    world.end().await;
    assert!(world.threads.get("thread").is_none() && world.threads.is_loaded("thread"));
    failed.slot.begin("late").expect_err("its actor is gone");
    failed.told().await;
    let next = world.load("thread", &[HELLO]);
    world.start(&next, "next").await;
    world.log.until("tell thread turn/completed completed").await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_an_event_is_told_ends_the_turn() {
    for event in ["turn/started", "item/started agentMessage", "raw assistant", "turn/completed"] {
        let mut world = World::new();
        world.deaf_to = Some(event);
        let handle = world.load("thread", &[HELLO, HELLO]);
        world.start(&handle, "turn").await;
        handle.slot.idle().await;
        handle.told().await;
        settle().await;
        assert_eq!(world.log.count("write turn/completed"), 1, "{event}: {:#?}", world.log.lines());
        world.deaf_to = None;
        let next = world.load("thread", &[HELLO]);
        world.start(&next, "next").await;
        world.log.until_count("write turn/completed", 2).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_a_turn_is_started_refuses_it() {
    let world = World::new();
    let handle = world.load("thread", &[HELLO]);
    *handle.provider.info_panics.lock().unwrap() = true;
    let refused = world.try_start(&handle, "turn", Box::pin(std::future::ready(()))).await;
    refused.expect_err("it panicked");
    *handle.provider.info_panics.lock().unwrap() = false;
    assert_eq!(handle.slot.running(), None);
    world.start(&handle, "next").await;
    world.end().await;
}
