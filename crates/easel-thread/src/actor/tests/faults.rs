//! Disks that are full, providers that break.

use crate::fakes::log::settle;
use crate::fakes::world::World;
use crate::start::StartRefused;

const HELLO: &str = "text msg_1 Hello\n done";

#[tokio::test(start_paused = true)]
async fn a_call_that_cannot_be_journalled_is_not_sent() {
    let mut world = World::new();
    world.faults.reserve = true;
    world.turn(&["call a cat\n done", HELLO]).await;
    assert!(!world.log.has("make"));
    let item = world.log.rest("tell thread item/completed imageGeneration a ");
    assert_eq!(item, "failed storage, billed no: the disk is full");
    assert!(world.log.has("tell thread turn/completed completed"), "the model was told, and the turn went on");
}

#[tokio::test(start_paused = true)]
async fn an_image_that_cannot_be_stored_is_told_to_be_paid() {
    for (bills, expected) in [(true, "yes"), (false, "no")] {
        let mut world = World::new();
        world.faults.settle = true;
        world.bills = bills;
        world.turn(&["call a cat\n done", HELLO]).await;
        let item = world.log.rest("tell thread item/completed imageGeneration a ");
        assert_eq!(item, format!("failed storage, billed {expected}: the disk is full"));
    }
}

#[tokio::test(start_paused = true)]
async fn history_that_cannot_be_written_fails_the_turn_and_the_process_goes_on() {
    // At whatever event it happens, the client sees every item end, one error, and the end of the turn.
    for event in [
        "item/started imageGeneration",
        "item/completed imageGeneration",
        "raw function_call_output",
        "usage",
        "item/started agentMessage",
        "turn/completed",
    ] {
        let mut world = World::new();
        world.faults.append = Some(event);
        world.turn(&["call a cat\n done", HELLO]).await;
        let lines = world.log.lines();
        assert_eq!(world.log.count("tell thread error \"the disk is full\""), 1, "{event}: {lines:#?}");
        assert_eq!(world.log.count("tell thread turn/completed failed"), 1, "{event}: {lines:#?}");
        assert_eq!(world.log.count("tell thread turn/completed"), 1, "{event}: {lines:#?}");
        assert_eq!(lines.last().map(|line| line.starts_with("tell thread turn/completed")), Some(true), "{event}");
        let (started, completed) = ("tell thread item/started", "tell thread item/completed");
        assert_eq!(world.log.count(started), world.log.count(completed), "{event}: {lines:#?}");
        assert!(!world.log.has("write turn/completed"), "history stays a whole beginning: {lines:#?}");
        if event == "item/started imageGeneration" {
            assert!(!world.log.has("reserve") && !world.log.has("make"), "{lines:#?}");
        }
        let other = world.load("other", &[HELLO]);
        world.start(&other, "turn").await;
        world.log.until("tell other turn/completed").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_cannot_be_written_does_not_start() {
    for append_panics in [false, true] {
        let mut world = World::new();
        (world.faults.append, world.faults.append_panics) = (Some("turn/started"), append_panics);
        let handle = world.load("thread", &[HELLO]);
        let answered = Box::pin(std::future::ready(()));
        let refused = world.try_start(&handle, "turn", answered).await;
        assert!(matches!(refused, Err(StartRefused::NotWritten(_))), "{refused:?}");
        settle().await;
        assert!(world.log.lines().is_empty(), "{:#?}", world.log.lines());
        assert_eq!(handle.slot.running(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_turn_is_written_before_its_start_is_answered() {
    let world = World::new();
    let handle = world.load("thread", &[HELLO]);
    world.start(&handle, "turn").await;
    assert!(world.log.has("write raw user \"Draw\""), "{:#?}", world.log.lines());
    world.end().await;
    assert_eq!(world.log.count("write turn/started"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_panics_is_a_disk_that_fails() {
    let mut world = World::new();
    world.faults.append = Some("item/started agentMessage");
    world.faults.append_panics = true;
    world.turn(&[HELLO]).await;
    assert!(world.log.has("tell thread turn/completed failed"));
}

#[tokio::test(start_paused = true)]
async fn the_thread_takes_another_turn_after_one_whose_history_failed() {
    let mut world = World::new();
    world.faults.append = Some("item/completed agentMessage msg_1");
    let handle = world.load("thread", &[HELLO, "text msg_2 Hello\n done"]);
    world.start(&handle, "turn").await;
    world.log.until("tell thread turn/completed failed").await;
    world.start(&handle, "next").await;
    world.log.until("tell thread turn/completed completed").await;
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_panics_while_it_answers_fails_the_turn_alone() {
    for answer in ["panic", "text msg_1 Hello\n panic", "panic at once"] {
        let world = World::new();
        let handle = world.load("thread", &[answer, HELLO]);
        world.start(&handle, "turn").await;
        world.log.until("tell thread turn/completed failed").await;
        assert!(world.log.has("tell thread error \"The provider failed inside Easel.\""));
        world.start(&handle, "next").await;
        world.log.until("tell thread turn/completed completed").await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_cut_fails_the_turn_after_its_calls_have_ended() {
    let world = World::new();
    let handle = world.load("thread", &["call a wait brush"]);
    world.start(&handle, "turn").await;
    world.log.until("close answer").await;
    assert!(!world.log.has("write turn/completed"));
    world.log.open("brush");
    world.end().await;
    world.log.assert_order(&[
        "settle a made",
        "tell thread item/completed imageGeneration a completed",
        "tell thread error \"The model's answer was cut off before its end.\"",
        "tell thread turn/completed failed",
    ]);
}

#[tokio::test(start_paused = true)]
async fn a_model_that_fails_is_not_asked_again_and_no_other_is() {
    let world = World::new();
    world.turn(&["fail"]).await;
    assert_eq!(world.log.count("ask"), 1);
    assert!(world.log.has("tell thread error \"the model is gone\""));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_after_what_was_lost_so_that_history_has_no_gaps() {
    let mut world = World::new();
    world.faults.append = Some("item/started imageGeneration b");
    let handle = world.load("thread", &["call a wait brush\n call b cat\n done"]);
    world.start(&handle, "turn").await;
    world.log.until("make a").await;
    settle().await;
    world.log.open("brush");
    world.end().await;
    world.log.assert_order(&["settle a made", "tell thread item/completed imageGeneration a completed"]);
    assert!(!world.log.has("write item/completed imageGeneration"), "{:#?}", world.log.lines());
    assert!(!world.log.has("reserve b") && !world.log.has("write turn/completed"));
}
