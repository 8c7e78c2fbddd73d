//! Tests of the turn slot.

use std::ops::ControlFlow;

use easel_protocol::input::ImageDetail;

use super::*;
use crate::conversation::to_model_message;
use crate::machine::SteerMessage;

#[test]
fn second_turn_is_refused_with_running_id() {
    let slot = TurnSlot::default();
    let first = slot.begin("a").expect("free");
    assert_eq!(slot.begin("b").expect_err("taken"), BeginError::Running("a".into()));
    assert_eq!(slot.running_turn().as_deref(), Some("a"));
    drop(first);
    assert_eq!(slot.running_turn(), None);
    slot.begin("b").expect("free again");
}

#[test]
fn late_interrupt_does_not_affect_next_turn() {
    let slot = TurnSlot::default();
    let first = slot.begin("a").expect("free");
    let interrupt = slot.interrupt_token().expect("a turn runs");
    drop(first);
    let second = slot.begin("b").expect("free again");
    interrupt.cancel();
    interrupt.cancel();
    assert!(!second.interrupt().is_cancelled());
}

#[tokio::test]
async fn wait_until_idle_returns_when_turn_ends() {
    let slot = TurnSlot::default();
    slot.wait_until_idle().await;
    let permit = slot.begin("a").expect("free");
    let mut waiting = std::pin::pin!(slot.wait_until_idle());
    assert!(futures_util::poll!(waiting.as_mut()).is_pending());
    drop(permit);
    waiting.await;
}

#[tokio::test]
async fn wait_until_idle_returns_when_slot_retires() {
    let slot = TurnSlot::default();
    let permit = slot.begin("a").expect("free");
    assert!(!slot.retire(), "a turn runs");
    let mut waiting = std::pin::pin!(slot.wait_until_idle());
    assert!(futures_util::poll!(waiting.as_mut()).is_pending());
    drop(permit);
    assert!(slot.retire());
    waiting.await;
    assert_eq!(slot.begin("b").expect_err("retired"), BeginError::Retired);
}

#[tokio::test]
async fn wait_for_interrupted_ignores_uninterrupted_turns() {
    let slot = TurnSlot::default();
    slot.wait_for_interrupted().await;
    let permit = slot.begin("a").expect("free");
    slot.wait_for_interrupted().await;
    permit.interrupt().cancel();
    let mut waiting = std::pin::pin!(slot.wait_for_interrupted());
    assert!(futures_util::poll!(waiting.as_mut()).is_pending());
    drop(permit);
    waiting.await;
}

fn steer(slot: &TurnSlot, turn_id: &str) -> Result<(), SteerError> {
    let message = SteerMessage {
        id: "message".into(),
        client_id: None,
        content: Vec::new(),
        attachments: Vec::new(),
        model_item: to_model_message(&[], &[], ImageDetail::High),
    };
    slot.steer(turn_id, message, Box::pin(std::future::ready(())))
}

#[test]
fn accepted_messages_are_read_and_later_ones_refused() {
    let slot = TurnSlot::default();
    assert_eq!(steer(&slot, "a"), Err(SteerError::NoTurn));
    let permit = slot.begin("a").expect("free");
    assert_eq!(steer(&slot, "b"), Err(SteerError::OtherTurn("a".into())));
    for _ in 0..steering::MAX_QUEUED {
        steer(&slot, "a").expect("the queue has room");
    }
    assert_eq!(steer(&slot, "a"), Err(SteerError::QueueFull));
    let read = |flow| permit.handle_inbox(|inbox| (inbox.steers.len(), flow));
    assert_eq!(read(ControlFlow::Continue(steering::MAX_QUEUED)), steering::MAX_QUEUED);
    assert_eq!(steer(&slot, "a"), Err(SteerError::QueueFull), "the model has not read them");
    assert_eq!(read(ControlFlow::Continue(steering::MAX_QUEUED - 1)), 0);
    steer(&slot, "a").expect("the queue has room again");
    assert_eq!(steer(&slot, "a"), Err(SteerError::QueueFull));
    assert_eq!(read(ControlFlow::Break(())), 1);
    assert_eq!(steer(&slot, "a"), Err(SteerError::NoTurn));
}

#[test]
fn interrupt_token_reaches_running_turn() {
    let slot = TurnSlot::default();
    assert!(slot.interrupt_token().is_none());
    let permit = slot.begin("a").expect("free");
    slot.interrupt_token().expect("a turn runs").cancel();
    assert!(permit.interrupt().is_cancelled());
}
