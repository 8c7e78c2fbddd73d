use easel_protocol::input::ImageDetail;

use super::*;

#[test]
fn one_turn_runs_at_a_time_and_the_other_learns_which() {
    let slot = TurnSlot::default();
    let first = slot.begin("a").expect("free");
    assert_eq!(slot.begin("b").expect_err("taken"), BeginRefused::Running("a".into()));
    assert_eq!(slot.running().as_deref(), Some("a"));
    drop(first);
    assert_eq!(slot.running(), None);
    slot.begin("b").expect("free again");
}

#[test]
fn an_interrupt_that_comes_late_or_twice_does_not_hit_the_next_turn() {
    let slot = TurnSlot::default();
    let first = slot.begin("a").expect("free");
    let (_, interrupt) = slot.active().expect("a turn runs");
    drop(first);
    let second = slot.begin("b").expect("free again");
    interrupt.cancel();
    interrupt.cancel();
    assert!(!second.interrupt().is_cancelled());
}

#[tokio::test]
async fn whoever_waits_for_an_idle_slot_goes_on_when_the_turn_is_over() {
    let slot = TurnSlot::default();
    slot.idle().await;
    let permit = slot.begin("a").expect("free");
    let mut waiting = std::pin::pin!(slot.idle());
    assert!(futures_util::poll!(waiting.as_mut()).is_pending());
    drop(permit);
    waiting.await;
}

#[tokio::test]
async fn whoever_waits_for_an_idle_slot_goes_on_when_the_thread_leaves_memory() {
    let slot = TurnSlot::default();
    let permit = slot.begin("a").expect("free");
    assert!(!slot.retire(), "a turn runs");
    let mut waiting = std::pin::pin!(slot.idle());
    assert!(futures_util::poll!(waiting.as_mut()).is_pending());
    drop(permit);
    assert!(slot.retire());
    waiting.await;
    assert_eq!(slot.begin("b").expect_err("out of memory"), BeginRefused::Retired);
}

#[tokio::test]
async fn the_end_of_an_interrupted_turn_is_waited_for_and_not_that_of_another() {
    let slot = TurnSlot::default();
    slot.interrupted().await;
    let permit = slot.begin("a").expect("free");
    slot.interrupted().await;
    permit.interrupt().cancel();
    let mut waiting = std::pin::pin!(slot.interrupted());
    assert!(futures_util::poll!(waiting.as_mut()).is_pending());
    drop(permit);
    waiting.await;
}

fn steer(message_id: &str) -> Steer {
    let answered = Box::pin(std::future::ready(()));
    let (message_id, content, attachments) = (message_id.to_owned(), Vec::new(), Vec::new());
    let input = crate::user_message::for_model(&content, &attachments, ImageDetail::High);
    Steer { message_id: message_id.into(), client_id: None, content, attachments, input, answered }
}

#[test]
fn a_turn_reads_all_that_was_accepted_and_accepts_nothing_after_its_end() {
    let slot = TurnSlot::default();
    assert_eq!(slot.steer("a", steer("1")), Err(SteerRefused::NoTurn));
    let permit = slot.begin("a").expect("free");
    assert_eq!(slot.steer("b", steer("1")), Err(SteerRefused::OtherTurn("a".into())));
    for _ in 0..MAX_STEERS {
        slot.steer("a", steer("2")).expect("there is room");
    }
    assert_eq!(slot.steer("a", steer("3")), Err(SteerRefused::Full));
    assert_eq!(permit.decide(|steers, _| (steers.len(), Course::GoesOn)), MAX_STEERS);
    slot.steer("a", steer("4")).expect("there is room again");
    assert_eq!(permit.decide(|steers, _| (steers.len(), Course::Ends)), 1);
    assert_eq!(slot.steer("a", steer("5")), Err(SteerRefused::NoTurn));
}

#[test]
fn interrupting_reaches_the_turn_that_runs() {
    let slot = TurnSlot::default();
    assert!(slot.active().is_none());
    let permit = slot.begin("a").expect("free");
    slot.active().expect("a turn runs").1.cancel();
    assert!(permit.interrupt().is_cancelled());
}
