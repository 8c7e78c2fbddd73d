//! The right to run a turn: a thread runs one at a time.

use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

/// Names the running turn of a thread to those who may refuse, interrupt or report it.
#[derive(Debug, Clone, Default)]
pub struct TurnSlot(Arc<Mutex<Option<Active>>>);

#[derive(Debug)]
struct Active {
    turn_id: String,
    interrupt: CancellationToken,
    /// Cancelled when the slot is free again.
    over: CancellationToken,
}

/// The right itself; dropping it frees the slot.
#[derive(Debug)]
pub struct TurnPermit {
    slot: TurnSlot,
    turn_id: String,
    interrupt: CancellationToken,
}

impl TurnSlot {
    /// Takes the slot, or names the turn that has it.
    pub fn begin(&self, turn_id: &str) -> Result<TurnPermit, String> {
        let mut active = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(active) = &*active {
            return Err(active.turn_id.clone());
        }
        let interrupt = CancellationToken::new();
        let over = CancellationToken::new();
        *active = Some(Active { turn_id: turn_id.to_owned(), interrupt: interrupt.clone(), over });
        Ok(TurnPermit { slot: self.clone(), turn_id: turn_id.to_owned(), interrupt })
    }

    pub fn running(&self) -> Option<String> {
        self.active().map(|(turn_id, _)| turn_id)
    }

    /// The running turn and what interrupts it; `None` when none runs.
    pub fn active(&self) -> Option<(String, CancellationToken)> {
        let active = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        active.as_ref().map(|active| (active.turn_id.clone(), active.interrupt.clone()))
    }

    /// Waits until no turn runs.
    pub async fn idle(&self) {
        let over = || self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|active| active.over.clone());
        while let Some(over) = over() {
            over.cancelled().await;
        }
    }
}

impl TurnPermit {
    pub fn turn_id(&self) -> &str {
        &self.turn_id
    }

    pub(crate) fn interrupt(&self) -> &CancellationToken {
        &self.interrupt
    }
}

impl Drop for TurnPermit {
    fn drop(&mut self) {
        if let Some(active) = self.slot.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            active.over.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_turn_runs_at_a_time_and_the_other_learns_which() {
        let slot = TurnSlot::default();
        let first = slot.begin("a").expect("free");
        assert_eq!(slot.begin("b").expect_err("taken"), "a");
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

    #[test]
    fn interrupting_reaches_the_turn_that_runs() {
        let slot = TurnSlot::default();
        assert!(slot.active().is_none());
        let permit = slot.begin("a").expect("free");
        slot.active().expect("a turn runs").1.cancel();
        assert!(permit.interrupt().is_cancelled());
    }
}
