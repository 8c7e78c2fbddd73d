//! The handle of an actor, by which the rest of the program reaches it.

use std::sync::Arc;

use easel_protocol::id::ThreadId;
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;

use super::Command;
use crate::config::LiveConfig;
use crate::slot::TurnSlot;
use crate::turn::ResponseSent;

/// The handle of the actor of a loaded thread.
#[derive(Debug)]
pub struct ThreadHandle<P> {
    pub(super) thread_id: ThreadId,
    /// Starts, interrupts and steers turns.
    pub slot: TurnSlot,
    /// The configuration of the next turn. A running turn follows only what becomes stricter.
    pub config: LiveConfig,
    /// The provider of the thread.
    pub provider: Arc<P>,
    pub(super) mailbox: mpsc::Sender<Command>,
    /// Runs work that must finish even if its caller goes away.
    pub(super) tasks: TaskTracker,
}

impl<P> ThreadHandle<P> {
    /// Sends a command to the actor. Returns false if the actor has ended.
    #[must_use]
    pub(super) async fn send(&self, command: Command) -> bool {
        self.mailbox.send(command).await.is_ok()
    }

    /// Interrupts the running turn, if any, and waits until its last row is written. The events of its end are held
    /// back until `response_sent` resolves. If the turn was already interrupted, all its events are sent when this
    /// returns.
    pub async fn stop(&self, response_sent: ResponseSent) {
        let is_held = self.slot.interrupt_and_hold(response_sent);
        self.slot.wait_until_idle().await;
        if !is_held {
            self.flush().await;
        }
    }

    /// Waits until all events of the turns that have ended are sent. The caller makes sure that no turn starts
    /// meanwhile.
    pub async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        if self.send(Command::Flush(done)).await {
            // The actor replies by dropping `done`, so this is always an error.
            let _ = flushed.await;
        }
    }
}
