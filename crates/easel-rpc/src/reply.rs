//! What a handler gets and gives back.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use jsonrpsee::{MethodResponseFuture, ResponsePayload};
use parking_lot::Mutex;
use serde::{Serialize, Serializer};
use tokio_util::sync::CancellationToken;

use crate::budget::Share;

/// The request that a handler is serving. What was reserved for it is held as long as a clone of this lives.
#[derive(Debug, Clone)]
pub struct Call {
    pub(crate) cancel: CancellationToken,
    pub(crate) held: Arc<Held>,
}

/// The bytes that were reserved for a request.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// For its params, until its handler is done with them.
    #[expect(dead_code, reason = "its drop gives the bytes back")]
    pub(crate) params: Option<Share>,
    /// For its answer, which takes them along when it is queued.
    pub(crate) answer: Mutex<Option<Share>>,
}

impl Call {
    /// Cancelled when the client cancels this request or the server gives it up at shutdown. The handler itself is
    /// dropped then; the token is for work that it handed to others.
    pub fn cancellation(&self) -> CancellationToken {
        self.cancel.clone()
    }

    /// Keeps what [`crate::Outbox::reserve`] gave until the answer is written.
    pub fn hold(&self, share: Share) {
        *self.held.answer.lock() = Some(share);
    }
}

/// A successful answer.
#[derive(Debug)]
pub struct Reply<R: 'static>(ResponsePayload<'static, Body<R>>);

impl<R: Serialize + 'static> Reply<R> {
    /// An answer that nothing depends on.
    pub fn new(value: R) -> Self {
        Self(ResponsePayload::success(Body(Arc::new(value))))
    }

    /// An answer that events follow: whoever sends them waits for [`Queued`] first, so that they cannot overtake it.
    pub fn with_sequel(value: R) -> (Self, Queued) {
        let (payload, queued) = Self::new(value).0.notify_on_completion();
        (Self(payload), Queued(queued))
    }

    pub(crate) fn into_payload(self) -> ResponsePayload<'static, Body<R>> {
        self.0
    }
}

/// Resolves to true once the answer stands in the outbox, to false if it never will: the request was cancelled, its
/// handler was dropped, the answer was too long, or the client is gone.
#[derive(Debug)]
#[must_use = "events that are sent without waiting may overtake the answer"]
pub struct Queued(MethodResponseFuture);

impl Future for Queued {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        Pin::new(&mut self.0).poll(cx).map(|outcome| outcome.is_ok())
    }
}

/// jsonrpsee asks for `Clone`; protocol types need not have it.
#[derive(Debug)]
pub(crate) struct Body<R>(Arc<R>);

impl<R> Clone for Body<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R: Serialize> Serialize for Body<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
