//! The calls that run in this process, and the requests that wait for them.

use std::collections::HashMap;
use std::sync::Arc;

use easel_protocol::event::ItemCompletedNotification;
use easel_protocol::id::{CallId, ThreadId};
use easel_protocol::item::ThreadItem;
use easel_store::{HostCallEnd, HostCallRequest};
use easel_thread::{Caller, HostCall, QueuedHostCall};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::approvals::ClientApprover;
use crate::connections::Client;
use crate::requests::RequestError;

type Key = (ThreadId, CallId);

/// The running calls.
#[derive(Default)]
pub(crate) struct RunningCalls(Arc<Mutex<HashMap<Key, Entry>>>);

/// A running call. It is removed when a request that waits for it has its end.
struct Entry {
    hash: [u8; 32],
    /// The number of requests that wait for the call and are not cancelled.
    waiters: usize,
    cancel: CancellationToken,
    end: CallEnd,
}

/// Resolves to the end of a call; `None` if it was lost.
type CallEnd = Shared<BoxFuture<'static, Option<Arc<ItemCompletedNotification>>>>;

/// A new call on its way to its turn. If it is dropped, the call is lost.
pub(super) struct RunningCall {
    cancel: CancellationToken,
    completed: oneshot::Sender<ItemCompletedNotification>,
}

/// A request that waits for a call.
pub(super) struct Waiter {
    calls: Arc<Mutex<HashMap<Key, Entry>>>,
    key: Key,
    end: CallEnd,
    cancel: CancellationToken,
}

impl RunningCalls {
    /// Returns a waiter for the running call that a request repeats; `None` if no such call runs.
    ///
    /// # Errors
    /// [`RequestError::CallIdUsed`] if the running call with this id has other arguments.
    pub(super) fn join(&self, request: &HostCallRequest) -> Result<Option<Waiter>, RequestError> {
        let key = to_key(request);
        let mut calls = self.0.lock();
        let Some(entry) = calls.get_mut(&key) else { return Ok(None) };
        if entry.hash != request.hash {
            return Err(RequestError::CallIdUsed(request.call_id.clone()));
        }
        entry.waiters += 1;
        let (end, cancel) = (entry.end.clone(), entry.cancel.clone());
        Ok(Some(Waiter { calls: Arc::clone(&self.0), key, end, cancel }))
    }

    /// Adds a new call, and the request that waits for it.
    pub(super) fn add(&self, request: &HostCallRequest) -> (RunningCall, Waiter) {
        let (completed, receiver) = oneshot::channel();
        let end: CallEnd = receiver.map(|completed| completed.ok().map(Arc::new)).boxed().shared();
        let (key, cancel) = (to_key(request), CancellationToken::new());
        let entry = Entry { hash: request.hash, waiters: 1, cancel: cancel.clone(), end: end.clone() };
        self.0.lock().insert(key.clone(), entry);
        let waiter = Waiter { calls: Arc::clone(&self.0), key, end, cancel: cancel.clone() };
        (RunningCall { cancel, completed }, waiter)
    }
}

impl RunningCall {
    /// Returns the call as its turn takes it. `client` makes it.
    pub(super) fn queue(self, client: &Arc<Client>, call: HostCall) -> QueuedHostCall {
        let Self { cancel, completed } = self;
        let originator = client.name().unwrap_or_default().to_owned();
        let caller = Caller { originator, approver: Arc::new(ClientApprover::new(client)), cancel };
        QueuedHostCall { call, caller, completed }
    }
}

impl Waiter {
    /// Waits for the end of the call; `None` if it was lost. When the last request that waits is cancelled, so is the
    /// call. Its end is awaited in any case.
    pub(super) async fn wait(self, cancellation: &CancellationToken) -> Option<HostCallEnd> {
        let end = self.end.clone();
        let completed = tokio::select! {
            biased;
            completed = end.clone() => completed,
            () = cancellation.cancelled() => {
                self.leave();
                end.await
            }
        };
        let completed = Arc::unwrap_or_clone(completed?);
        let ThreadItem::ImageGeneration(item) = completed.item else { return None };
        Some(HostCallEnd { turn_id: completed.turn_id, item_id: item.id, images: item.images, error: item.error })
    }

    fn leave(&self) {
        let mut calls = self.calls.lock();
        if let Some(entry) = calls.get_mut(&self.key).filter(|entry| entry.end.ptr_eq(&self.end)) {
            entry.waiters -= 1;
            if entry.waiters == 0 {
                self.cancel.cancel();
            }
        }
    }
}

impl Drop for Waiter {
    /// Removes the call: whoever stops to wait has its end, or the call has not begun.
    fn drop(&mut self) {
        let mut calls = self.calls.lock();
        if calls.get(&self.key).is_some_and(|entry| entry.end.ptr_eq(&self.end)) {
            calls.remove(&self.key);
        }
    }
}

fn to_key(request: &HostCallRequest) -> Key {
    (request.thread_id.clone(), request.call_id.clone())
}
