//! Archives, restores, deletes and unsubscribes from threads.

use std::sync::Arc;
use std::time::Duration;

use easel_protocol::event::{
    Event, ThreadArchivedNotification, ThreadClosedNotification, ThreadDeletedNotification,
    ThreadUnarchivedNotification,
};
use easel_protocol::id::ThreadId;
use easel_protocol::thread::{Thread, UnsubscribeStatus};
use easel_thread::ThreadHandle;
use futures_util::FutureExt;
use tokio::sync::oneshot;

use super::Threads;
use crate::connections::Client;
use crate::providers::ThreadProvider;
use crate::requests::RequestError;

/// How long the last events of a turn that a deletion interrupts wait for the response to the deletion.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);

/// A thread that was deleted, and the actor of the turn that the deletion interrupted.
pub(crate) struct DeletedThread {
    response_signal: oneshot::Sender<()>,
    actor: Option<Arc<ThreadHandle<ThreadProvider>>>,
}

/// What remains to be done for a connection that has unsubscribed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum AfterUnsubscribe {
    /// Nothing: others subscribe to the thread, or the connection did not, or a task unloads it after its turn.
    Nothing,
    /// The thread can be unloaded after the response.
    Unload,
}

impl Threads {
    /// Archives and unloads a thread. Returns the event for its subscribers.
    ///
    /// # Errors
    /// [`RequestError::TurnRunning`], [`RequestError::Ephemeral`], [`RequestError::ThreadNotFound`],
    /// [`RequestError::ThreadInUse`], and those of the store.
    pub(crate) async fn archive(&self, thread_id: &str) -> Result<Event, RequestError> {
        self.loaded.actors.wait_until_idle(thread_id).await?;
        if self.store.thread(thread_id).await?.is_some_and(|thread| thread.ephemeral) {
            return Err(RequestError::Ephemeral(thread_id.into()));
        }
        let event = Event::ThreadArchived(ThreadArchivedNotification { thread_id: thread_id.into() });
        self.loaded.actors.append(thread_id, event.clone()).await?;
        if !self.loaded.unload(thread_id).await {
            tracing::error!(thread_id, "a turn runs in a thread that was archived");
        }
        Ok(event)
    }

    /// Sends the last event of a thread that was archived, and ends its subscriptions: it is no longer loaded, and a
    /// client that wants its events resumes it.
    pub(crate) async fn publish_last(&self, thread_id: &str, requester: &Arc<Client>, event: Event) {
        self.publish(thread_id, requester, event).await;
        self.hub.remove_thread(thread_id);
    }

    /// Restores an archived thread. Returns the event for its subscribers, and the thread, which may fail to be read
    /// back.
    ///
    /// # Errors
    /// [`RequestError::ThreadNotFound`], [`RequestError::ThreadInUse`], and those of the store.
    pub(crate) async fn unarchive(
        &self,
        thread_id: &str,
    ) -> Result<(Event, Result<Thread, RequestError>), RequestError> {
        let event = Event::ThreadUnarchived(ThreadUnarchivedNotification { thread_id: thread_id.into() });
        self.loaded.actors.append(thread_id, event.clone()).await?;
        Ok((event, self.require(thread_id).await))
    }

    /// Deletes a thread. A running turn is interrupted first; its last events are sent after the response.
    ///
    /// # Errors
    /// [`RequestError::ThreadNotFound`], [`RequestError::ThreadInUse`], and those of the store.
    pub(crate) async fn delete(&self, thread_id: &str) -> Result<DeletedThread, RequestError> {
        let actor = self.loaded.actors.get(thread_id);
        let (response_signal, response_sent) = oneshot::channel::<()>();
        let delete = async {
            if let Some(handle) = &actor {
                // Without a limit, a turn with very many events would wait for the response, and the response for the
                // turn.
                let response_sent = tokio::time::timeout(RESPONSE_TIMEOUT, response_sent).map(drop);
                handle.stop(Box::pin(response_sent)).await;
                // The thread stays loaded until it is deleted.
                self.loaded.actors.evict(thread_id)?;
            }
            Ok(self.store.delete_thread(thread_id).await?)
        };
        let existed = self.loaded.leases.with_lease(thread_id, delete).await?;
        self.loaded.remove_deleted(thread_id);
        if !existed {
            return Err(RequestError::ThreadNotFound(thread_id.into()));
        }
        Ok(DeletedThread { response_signal, actor })
    }

    /// Sends the last events of a deleted thread, once the response is queued.
    pub(crate) async fn publish_deleted(&self, thread_id: ThreadId, requester: &Arc<Client>, deleted: DeletedThread) {
        // The turn's actor may have stopped waiting.
        let _ = deleted.response_signal.send(());
        if let Some(handle) = deleted.actor {
            handle.flush().await;
        }
        let event = Event::ThreadDeleted(ThreadDeletedNotification { thread_id: thread_id.clone() });
        self.publish_last(&thread_id, requester, event).await;
    }

    /// Ends a connection's subscription to a thread. A thread without subscribers is unloaded once no turn runs in it,
    /// so that another process can acquire it.
    pub(crate) fn unsubscribe(
        self: &Arc<Self>,
        thread_id: &str,
        client: &Arc<Client>,
    ) -> (UnsubscribeStatus, AfterUnsubscribe) {
        if !self.loaded.is_loaded(thread_id) {
            return (UnsubscribeStatus::NotLoaded, AfterUnsubscribe::Nothing);
        }
        let Some(left) = self.hub.unsubscribe(thread_id, client) else {
            return (UnsubscribeStatus::NotSubscribed, AfterUnsubscribe::Nothing);
        };
        if left > 0 {
            return (UnsubscribeStatus::Unsubscribed, AfterUnsubscribe::Nothing);
        }
        if !self.loaded.actors.is_running(thread_id) {
            return (UnsubscribeStatus::Unsubscribed, AfterUnsubscribe::Unload);
        }
        let (threads, client, thread_id) = (Arc::clone(self), Arc::clone(client), ThreadId::from(thread_id));
        self.tasks.spawn(async move {
            if threads.loaded.unload_if_unsubscribed(&thread_id).await {
                threads.send_closed(thread_id, &client).await;
            }
        });
        (UnsubscribeStatus::Unsubscribed, AfterUnsubscribe::Nothing)
    }

    /// Unloads a thread that has lost its last subscriber. The caller is at the head of the thread's queue.
    pub(crate) async fn unload_unsubscribed(&self, thread_id: ThreadId, client: &Client) {
        if !self.hub.has_subscribers(&thread_id) && self.loaded.unload(&thread_id).await {
            self.send_closed(thread_id, client).await;
        }
    }

    async fn send_closed(&self, thread_id: ThreadId, client: &Client) {
        self.hub.send(client, &Event::ThreadClosed(ThreadClosedNotification { thread_id })).await;
    }
}
