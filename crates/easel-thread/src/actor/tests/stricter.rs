//! The configuration becomes stricter while a turn runs.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::actor::ThreadRules;
use crate::fakes::log::settle;
use crate::fakes::provider::FakeProvider;
use crate::fakes::world::World;
use crate::registry::ThreadHandle;
use crate::rules::Departing;

const HELLO: &str = "text msg_1 Hello\n done";

fn change(
    handle: &ThreadHandle<FakeProvider>,
    change: impl FnOnce(&mut ThreadRules),
) -> (Departing, CancellationToken) {
    let mut rules = ThreadRules::clone(&handle.rules.get());
    change(&mut rules);
    let answered = CancellationToken::new();
    (handle.rules.set(1, Arc::new(rules), Some(&answered)), answered)
}

fn off(rules: &mut ThreadRules) {
    rules.image_generation = false;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_for_its_place_is_not_sent_after_the_switch() {
    let mut world = World::new();
    world.rules.parallel_calls = 1;
    let handle = world.load("thread", &["call a wait brush\n call b cat\n done", HELLO]);
    world.start(&handle, "turn").await;
    world.log.until("make a").await;
    let (departing, answered) = change(&handle, off);
    departing.departed().await;
    answered.cancel();
    world.log.open("brush");
    world.end().await;
    assert!(!world.log.has("make b"), "{:#?}", world.log.lines());
    assert!(world.log.has("settle a made"), "what was sent before is kept");
    let item = world.log.rest("tell thread item/completed imageGeneration b ");
    assert!(item.starts_with("failed approvalDenied, billed no"), "{item}");
    assert!(world.log.has("settle b approvalDenied billed no"));
    assert!(world.log.has("ask with 5 items, 0 tools"), "{:#?}", world.log.lines());
}

#[tokio::test(start_paused = true)]
async fn a_lowered_limit_holds_for_calls_that_were_planned() {
    let mut world = World::new();
    world.rules.parallel_calls = 1;
    let handle = world.load("thread", &["call a wait brush\n call b cat\n done", HELLO]);
    world.start(&handle, "turn").await;
    world.log.until("make a").await;
    let (_, answered) = change(&handle, |rules| rules.max_images = 1);
    answered.cancel();
    world.log.open("brush");
    world.end().await;
    assert!(!world.log.has("make b") && world.log.has("settle b budgetExceeded billed no"));
}

#[tokio::test(start_paused = true)]
async fn a_hosted_answer_is_closed_and_its_images_are_kept() {
    let world = World::hosted();
    let handle = world.load("thread", &["hosted a\n drawn a\n hosted b\n wait nothing"]);
    world.start(&handle, "turn").await;
    world.log.until("reserve b").await;
    let (_, answered) = change(&handle, off);
    answered.cancel();
    world.end().await;
    world.log.assert_order(&["settle a made", "close answer", "settle b interrupted billed uncertain"]);
    assert!(world.log.has("tell thread item/completed imageGeneration a completed"));
    assert!(world.log.has("tell thread turn/completed failed"));
}

#[tokio::test(start_paused = true)]
async fn what_follows_from_the_switch_is_told_after_its_answer() {
    let world = World::hosted();
    let handle = world.load("thread", &["hosted a\n wait nothing"]);
    world.start(&handle, "turn").await;
    world.log.until("tell thread item/started imageGeneration a").await;
    let (_, answered) = change(&handle, off);
    world.log.until("write turn/completed failed").await;
    settle().await;
    assert!(!world.log.has("tell thread item/completed imageGeneration"), "{:#?}", world.log.lines());
    answered.cancel();
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_switches_waits_for_requests_that_have_passed() {
    let world = World::new();
    let handle = world.load("thread", &[]);
    let pass = handle.rules.pass(|_| Ok::<_, ()>(())).expect("it is allowed");
    let (departing, _) = change(&handle, off);
    let mut departed = std::pin::pin!(departing.departed());
    assert!(futures_util::poll!(departed.as_mut()).is_pending());
    drop(pass);
    departed.await;
    handle.rules.pass(|rules| if rules.image_generation { Ok(()) } else { Err(()) }).expect_err("it is off");
}

#[tokio::test(start_paused = true)]
async fn a_change_that_makes_nothing_stricter_changes_no_turn() {
    let world = World::hosted();
    let handle = world.load("thread", &["hosted a\n wait brush\n drawn a\n text msg_1 Hello\n done"]);
    world.start(&handle, "turn").await;
    world.log.until("reserve a").await;
    // Nobody answers: the turn does not wait for it.
    let (_, _unanswered) = change(&handle, |rules| rules.max_images = 99);
    settle().await;
    world.log.open("brush");
    world.end().await;
    assert!(world.log.has("tell thread turn/completed completed"));
}
