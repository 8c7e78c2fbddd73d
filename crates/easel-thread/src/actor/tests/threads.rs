//! The table of threads.

use crate::ThreadConfig;
use crate::fakes::fixture::Fixture;

const HELLO: &str = "text msg_1 Hello\n done";

#[tokio::test(start_paused = true)]
async fn threads_run_independently() {
    let fixture = Fixture::new();
    let slow = fixture.load("slow", &["call a wait brush\n done", HELLO]);
    let quick = fixture.load("quick", &["call b cat\n done", HELLO]);
    fixture.start(&slow, "turn").await;
    fixture.log.wait_for("make a").await;
    fixture.start(&quick, "turn").await;
    fixture.log.wait_for("send quick turn/completed").await;
    assert!(!fixture.log.has("made a"));
    fixture.log.open("brush");
    fixture.log.wait_for("send slow turn/completed").await;
}

#[tokio::test(start_paused = true)]
async fn thread_is_loaded_once() {
    let fixture = Fixture::new();
    let first = fixture.load("thread", &[HELLO]);
    let second = fixture.load("thread", &[]);
    assert!(std::sync::Arc::ptr_eq(&first, &second));
    assert_eq!(fixture.threads.ids(), ["thread"]);
}

#[tokio::test(start_paused = true)]
async fn running_thread_stays_loaded() {
    let fixture = Fixture::new();
    let handle = fixture.load("thread", &["wait bell\n text msg_1 Hello\n done"]);
    fixture.start(&handle, "turn").await;
    fixture.log.wait_for("request").await;
    assert!(!fixture.threads.unload("thread"));
    assert!(fixture.threads.get("thread").is_some());
    fixture.log.open("bell");
    fixture.wait_for_end().await;
    assert!(fixture.threads.unload("thread"));
    assert!(fixture.threads.get("thread").is_none());
    assert!(fixture.threads.unload("thread"), "it is not loaded");
}

#[tokio::test(start_paused = true)]
async fn unloaded_handle_starts_no_turn() {
    let fixture = Fixture::new();
    let old = fixture.load("thread", &[HELLO]);
    assert!(fixture.threads.unload("thread"));
    let new = fixture.load("thread", &[HELLO]);
    old.slot.begin("late").expect_err("its actor is retired");
    fixture.start(&new, "turn").await;
    fixture.wait_for_end().await;
}

#[tokio::test(start_paused = true)]
async fn evicted_thread_stays_loaded_and_gets_new_actor() {
    let fixture = Fixture::new();
    let old = fixture.load("thread", &[HELLO]);
    assert!(fixture.threads.evict("thread"));
    assert!(fixture.threads.get("thread").is_none());
    assert!(fixture.threads.is_loaded("thread"));
    old.slot.begin("late").expect_err("its actor is retired");
    let new = fixture.load("thread", &[HELLO]);
    fixture.start(&new, "turn").await;
    fixture.wait_for_end().await;
}

#[tokio::test(start_paused = true)]
async fn least_recently_used_actor_is_evicted_first() {
    let fixture = Fixture::new();
    let busy = fixture.load("busy", &["wait bell\n text msg_1 Hello\n done"]);
    fixture.start(&busy, "turn").await;
    for thread_id in ["a", "b", "c"] {
        fixture.load(thread_id, &[]);
    }
    fixture.threads.touch("a");
    assert_eq!(fixture.threads.running_ids(), ["busy"]);
    assert_eq!(fixture.threads.next_to_evict(3), None, "the one that is busy does not count");
    assert_eq!(fixture.threads.next_to_evict(2).as_deref(), Some("b"));
    assert!(fixture.threads.evict("b"));
    assert_eq!(fixture.threads.next_to_evict(1).as_deref(), Some("c"));
    assert!(!fixture.threads.evict("busy"));
    assert_eq!(fixture.threads.ids(), ["a", "b", "busy", "c"]);
    fixture.log.open("bell");
}

#[tokio::test(start_paused = true)]
async fn older_config_does_not_replace_newer() {
    let fixture = Fixture::new();
    let handle = fixture.load("thread", &[]);
    let with_images = |max_images| std::sync::Arc::new(ThreadConfig { max_images, ..fixture.config.clone() });
    drop(handle.config.replace(2, with_images(2), None));
    drop(handle.config.replace(1, with_images(1), None));
    assert_eq!((handle.config.get().max_images, handle.config.version()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn actor_ends_when_last_handle_is_dropped() {
    let fixture = Fixture::new();
    let handle = fixture.load("thread", &[HELLO]);
    fixture.start(&handle, "turn").await;
    fixture.wait_for_end().await;
    drop(handle);
    fixture.threads.close().await;
    assert!(fixture.threads.ids().is_empty());
}
