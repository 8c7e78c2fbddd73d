//! Messages that users add to a running turn.

use easel_protocol::id::TurnId;

use super::TurnSlot;
use crate::machine::SteerMessage;
use crate::turn::ResponseSent;

/// Maximum number of messages that wait for the model of a running turn, in the queue and in the turn.
pub(super) const MAX_QUEUED: usize = 64;

/// Why a message is not added to a turn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SteerError {
    /// No turn is running, or it is about to end.
    #[error("no turn is running")]
    NoTurn,
    /// Another turn, with this id, is running.
    #[error("turn {0} is running")]
    OtherTurn(TurnId),
    /// The running turn, with this id, runs the calls of a client, and no model would read the message.
    #[error("turn {0} has no model")]
    NoModel(TurnId),
    /// The model has not read the messages that were added before.
    #[error("too many messages are queued for the turn")]
    QueueFull,
}

/// A message on its way to the turn.
pub(crate) struct QueuedSteer {
    pub(crate) message: SteerMessage,
    /// Events that follow from the message wait for the response to its request.
    pub(crate) response_sent: ResponseSent,
}

/// The messages that the model of a turn has not read yet.
pub(super) struct SteerQueue {
    /// Those that the turn has not taken yet; `None` once the turn has decided to end.
    queued: Option<Vec<QueuedSteer>>,
    /// Number of messages that the turn has taken and that wait for the end of the model's response.
    unread: usize,
}

impl Default for SteerQueue {
    fn default() -> Self {
        Self { queued: Some(Vec::new()), unread: 0 }
    }
}

impl SteerQueue {
    pub(super) fn take(&mut self) -> Vec<QueuedSteer> {
        self.queued.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Sets how many of the messages that the turn has taken its model has not read.
    pub(super) fn set_unread(&mut self, unread: usize) {
        self.unread = unread;
    }

    pub(super) fn close(&mut self) {
        self.queued = None;
    }
}

impl TurnSlot {
    /// Checks whether the turn `turn_id` would accept a message now.
    ///
    /// # Errors
    /// See [`SteerError`].
    pub fn check_steering(&self, turn_id: &str) -> Result<(), SteerError> {
        self.with_queue(turn_id, |_| ())
    }

    /// Adds a message to the turn `turn_id`, which reads it before it ends.
    ///
    /// # Errors
    /// See [`SteerError`]. The message was not added.
    pub fn steer(&self, turn_id: &str, message: SteerMessage, response_sent: ResponseSent) -> Result<(), SteerError> {
        self.with_queue(turn_id, |queue| queue.push(QueuedSteer { message, response_sent }))
    }

    fn with_queue(&self, turn_id: &str, use_queue: impl FnOnce(&mut Vec<QueuedSteer>)) -> Result<(), SteerError> {
        let mut state = self.lock();
        let turn = state.running().ok_or(SteerError::NoTurn)?;
        let unread = turn.steers.unread;
        let queue = turn.steers.queued.as_mut().ok_or(SteerError::NoTurn)?;
        if turn.turn_id != *turn_id {
            return Err(SteerError::OtherTurn(turn.turn_id.clone()));
        }
        if turn.host.is_some() {
            return Err(SteerError::NoModel(turn.turn_id.clone()));
        }
        if queue.len() + unread >= MAX_QUEUED {
            return Err(SteerError::QueueFull);
        }
        use_queue(queue);
        Ok(())
    }
}
