//! The hosted tool under way.

use std::sync::atomic::Ordering;

use crate::fakes::log::settle;
use crate::fakes::world::World;

/// What a client sees, without usage, which comes once an answer, and without times.
fn seen(world: &World) -> Vec<String> {
    let lines = world.log.lines();
    let told = lines.iter().filter_map(|line| line.strip_prefix("tell thread "));
    let told = told.filter(|line| !line.starts_with("raw ") && !line.starts_with("usage "));
    told.map(|line| line.split(" after ").next().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_hosted_turn_looks_like_a_standalone_one_and_is_journalled_as_well() {
    let hosted = World::hosted();
    hosted.turn(&["hosted a\n drawn a\n text msg_1 Here\n done"]).await;
    let standalone = World::new();
    standalone.turn(&["call a cat\n done", "text msg_1 Here\n done"]).await;
    assert_eq!(seen(&hosted), seen(&standalone));
    hosted.log.assert_order(&[
        "journal request of turn",
        "ask",
        "reserve a",
        "write item/started imageGeneration a",
        "settle a made",
    ]);
    assert!(!standalone.log.has("journal request"), "the tool's own calls are journalled");
}

#[tokio::test(start_paused = true)]
async fn what_is_said_after_an_image_is_told_after_it_however_long_the_disk_takes() {
    let mut world = World::hosted();
    world.faults.slow_settle = true;
    let handle = world.load("thread", &["hosted a\n drawn a\n text msg_1 Here\n done"]);
    world.start(&handle, "turn").await;
    world.log.until("reserve a").await;
    settle().await;
    assert!(!world.log.has("write item/started agentMessage"), "{:#?}", world.log.lines());
    world.log.open("settle");
    world.end().await;
    world.log.assert_order(&["tell thread item/completed imageGeneration a", "tell thread item/started agentMessage"]);
}

#[tokio::test(start_paused = true)]
async fn a_hosted_call_whose_answer_is_cut_is_settled_as_failed() {
    for (answer, status) in [
        ("hosted a\n text msg_1 Hm", "failed"),
        ("hosted a\n fail", "failed"),
        ("hosted a\n panic", "failed"),
        // Whole, but without the image that it began.
        ("hosted a\n done", "completed"),
    ] {
        let world = World::hosted();
        world.turn(&[answer]).await;
        assert!(world.log.has("settle a badResponse billed uncertain"), "{:#?}", world.log.lines());
        assert!(world.log.has("tell thread item/completed imageGeneration a failed badResponse"));
        assert!(world.log.has(&format!("tell thread turn/completed {status}")), "{:#?}", world.log.lines());
    }
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_closes_the_answer_that_draws_and_settles_its_rows() {
    let world = World::hosted();
    let handle = world.load("thread", &["hosted a\n hosted b\n drawn a\n wait nothing"]);
    world.start(&handle, "turn").await;
    world.log.until("settle a made").await;
    let (_, interrupt) = handle.slot.active().expect("a turn runs");
    interrupt.cancel();
    world.end().await;
    world.log.assert_order(&["close answer", "settle b interrupted billed uncertain"]);
    assert!(world.log.has("tell thread item/completed imageGeneration a completed"));
    assert!(world.log.has("tell thread turn/completed interrupted"));
}

#[tokio::test(start_paused = true)]
async fn an_image_of_a_hosted_call_that_could_not_be_journalled_is_given_to_the_store_all_the_same() {
    let mut world = World::hosted();
    (world.faults.reserve, world.faults.settle) = (true, true);
    world.turn(&["hosted a\n drawn a\n text msg_1 Hm\n done"]).await;
    let item = world.log.rest("tell thread item/completed imageGeneration a ");
    assert_eq!(item, "failed storage, billed yes: the disk is full");
}

#[tokio::test(start_paused = true)]
async fn a_hosted_call_that_the_journal_refused_is_offered_to_it_with_the_image() {
    let world = World::hosted();
    world.faults.reserve_once.store(true, Ordering::Relaxed);
    world.turn(&["hosted a\n drawn a\n text msg_1 Here\n done"]).await;
    world.log.assert_order(&["write item/started imageGeneration a", "reserve a", "settle a made"]);
    assert!(world.log.has("tell thread item/completed imageGeneration a completed"));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_may_bill_is_not_sent_without_its_journal_row() {
    let mut world = World::hosted();
    world.faults.reserve_request = true;
    world.turn(&[]).await;
    assert!(!world.log.has("ask"));
    let error = world.log.rest("tell thread error ");
    assert!(error.contains("not asked") && error.contains("the disk is full"), "{error}");
    assert!(world.log.has("tell thread turn/completed failed"));
    // A provider that does not bill needs no row.
    world.bills = false;
    let handle = world.load("free", &["done"]);
    world.start(&handle, "turn").await;
    world.log.until("tell free turn/completed completed").await;
}

#[tokio::test(start_paused = true)]
async fn a_hosted_image_that_cannot_be_stored_is_told_to_be_paid() {
    let mut world = World::hosted();
    world.faults.settle = true;
    world.turn(&["hosted a\n drawn a\n done"]).await;
    let item = world.log.rest("tell thread item/completed imageGeneration a ");
    assert_eq!(item, "failed storage, billed yes: the disk is full");
}

#[tokio::test(start_paused = true)]
async fn an_end_without_a_start_is_passed_over() {
    let world = World::hosted();
    world.turn(&["drawn a\n text msg_1 Hm\n done"]).await;
    assert!(!world.log.has("settle") && world.log.has("tell thread turn/completed completed"));
}
