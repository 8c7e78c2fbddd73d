//! Removes the newest turns of a thread.

use easel_protocol::event::{Event, ThreadRevertedNotification};
use easel_protocol::id::TurnId;
use easel_protocol::thread::ThreadRevertResponse;
use easel_store::RevertRange;

use super::Threads;
use crate::requests::RequestError;

impl Threads {
    /// Removes turns from the end of a thread's history. Returns the event for its subscribers.
    ///
    /// # Errors
    /// [`RequestError::TurnRunning`], [`RequestError::ThreadNotFound`], [`RequestError::TurnNotFound`],
    /// [`RequestError::ThreadInUse`], and those of the store.
    pub(crate) async fn revert(&self, thread_id: &str, turns: RevertRange) -> Result<Event, RequestError> {
        let turn_id = match &turns {
            RevertRange::From(turn_id) => turn_id.clone(),
            RevertRange::Newest(_) => TurnId::default(),
        };
        let change = async {
            let reverted = self.store.revert_turns(thread_id, turns).await;
            reverted.map_err(|error| RequestError::history(error, thread_id, &turn_id))
        };
        self.loaded.actors.rewrite(thread_id, change).await?;
        Ok(Event::ThreadReverted(ThreadRevertedNotification { thread_id: thread_id.into() }))
    }

    /// Returns the response of `thread/revert`: the thread, and cursors at its newest turn and its newest item.
    ///
    /// # Errors
    /// [`RequestError::ThreadNotFound`], and those of the store.
    pub(crate) async fn read_reverted(&self, thread_id: &str) -> Result<ThreadRevertResponse, RequestError> {
        let thread = self.require(thread_id).await?;
        let (turns_backwards_cursor, items_backwards_cursor) = self.newest_cursors(thread_id).await?;
        Ok(ThreadRevertResponse { thread, turns_backwards_cursor, items_backwards_cursor })
    }
}
