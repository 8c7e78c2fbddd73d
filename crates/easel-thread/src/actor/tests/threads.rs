//! Threads beside each other, and their coming and going.

use crate::actor::ThreadRules;
use crate::fakes::world::World;

const HELLO: &str = "text msg_1 Hello\n done";

#[tokio::test(start_paused = true)]
async fn two_threads_do_not_wait_for_each_other() {
    let world = World::new();
    let slow = world.load("slow", &["call a wait brush\n done", HELLO]);
    let quick = world.load("quick", &["call b cat\n done", HELLO]);
    world.start(&slow, "turn").await;
    world.log.until("make a").await;
    world.start(&quick, "turn").await;
    world.log.until("tell quick turn/completed").await;
    assert!(!world.log.has("made a"));
    world.log.open("brush");
    world.log.until("tell slow turn/completed").await;
}

#[tokio::test(start_paused = true)]
async fn a_thread_is_loaded_once() {
    let world = World::new();
    let first = world.load("thread", &[HELLO]);
    let second = world.load("thread", &[]);
    assert!(std::sync::Arc::ptr_eq(&first, &second));
    assert_eq!(world.threads.ids(), ["thread"]);
}

#[tokio::test(start_paused = true)]
async fn a_thread_whose_turn_runs_stays_in_memory() {
    let world = World::new();
    let handle = world.load("thread", &["wait bell\n text msg_1 Hello\n done"]);
    world.start(&handle, "turn").await;
    world.log.until("ask").await;
    assert!(!world.threads.unload("thread"));
    assert!(world.threads.get("thread").is_some());
    world.log.open("bell");
    world.end().await;
    assert!(world.threads.unload("thread"));
    assert!(world.threads.get("thread").is_none());
    assert!(world.threads.unload("thread"), "it is out of memory already");
}

#[tokio::test(start_paused = true)]
async fn no_turn_begins_by_a_handle_of_a_thread_that_was_unloaded() {
    let world = World::new();
    let old = world.load("thread", &[HELLO]);
    assert!(world.threads.unload("thread"));
    let new = world.load("thread", &[HELLO]);
    old.slot.begin("late").expect_err("its actor is retired");
    world.start(&new, "turn").await;
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_evicted_thread_stays_loaded_and_its_next_actor_takes_turns() {
    let world = World::new();
    let old = world.load("thread", &[HELLO]);
    assert!(world.threads.evict("thread"));
    assert!(world.threads.get("thread").is_none());
    assert!(world.threads.is_loaded("thread"));
    old.slot.begin("late").expect_err("its actor is retired");
    let new = world.load("thread", &[HELLO]);
    world.start(&new, "turn").await;
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_actor_that_rested_longest_is_the_first_to_go() {
    let world = World::new();
    let busy = world.load("busy", &["wait bell\n text msg_1 Hello\n done"]);
    world.start(&busy, "turn").await;
    for thread_id in ["a", "b", "c"] {
        world.load(thread_id, &[]);
    }
    world.threads.touch("a");
    assert_eq!(world.threads.running(), ["busy"]);
    assert_eq!(world.threads.idle_beyond(3), None, "the one that is busy does not count");
    assert_eq!(world.threads.idle_beyond(2).as_deref(), Some("b"));
    assert!(world.threads.evict("b"));
    assert_eq!(world.threads.idle_beyond(1).as_deref(), Some("c"));
    assert!(!world.threads.evict("busy"));
    assert_eq!(world.threads.ids(), ["a", "b", "busy", "c"]);
    world.log.open("bell");
}

#[tokio::test(start_paused = true)]
async fn rules_of_an_older_configuration_do_not_replace_newer_ones() {
    let world = World::new();
    let handle = world.load("thread", &[]);
    let with_images = |max_images| std::sync::Arc::new(ThreadRules { max_images, ..world.rules.clone() });
    drop(handle.rules.set(2, with_images(2), None));
    drop(handle.rules.set(1, with_images(1), None));
    assert_eq!((handle.rules.get().max_images, handle.rules.version()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn an_actor_ends_when_nobody_can_reach_it() {
    let world = World::new();
    let handle = world.load("thread", &[HELLO]);
    world.start(&handle, "turn").await;
    world.end().await;
    drop(handle);
    world.threads.close().await;
    assert!(world.threads.ids().is_empty());
}
