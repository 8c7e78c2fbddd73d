//! What a handler gets with a request, and what it returns.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use jsonrpsee::{MethodResponseFuture, ResponsePayload};
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio_util::sync::CancellationToken;

use crate::error::internal_error;
use crate::outbound::budget::Share;

/// The request that a handler serves. The memory reserved for its params stays reserved while a clone of this exists.
#[derive(Debug, Clone)]
pub struct Call {
    pub(crate) cancel: CancellationToken,
    pub(crate) reserved: Arc<ReservedBytes>,
}

/// The bytes that are reserved for a request.
#[derive(Debug, Default)]
pub(crate) struct ReservedBytes {
    /// For the params, until the handler is done with them.
    #[expect(dead_code, reason = "its drop releases the bytes")]
    pub(crate) params: Option<Share>,
    /// For the response, which takes them over when it is queued.
    pub(crate) response: Mutex<Option<Share>>,
}

impl Call {
    /// Returns a token that is cancelled when the client cancels the request, or the server gives it up at shutdown.
    /// The handler itself is dropped then; the token is for work that it spawned.
    pub fn cancellation(&self) -> CancellationToken {
        self.cancel.clone()
    }

    /// Keeps bytes from [`crate::Outbox::reserve`] reserved until the response is written.
    pub fn hold(&self, share: Share) {
        *self.reserved.response.lock() = Some(share);
    }
}

/// A successful result, as JSON.
#[derive(Debug)]
pub struct Reply(ResponsePayload<'static, Box<RawValue>>);

impl Reply {
    /// Creates a reply. A value that cannot be JSON becomes −32603, which only a map with odd keys causes.
    pub fn new<R: Serialize + ?Sized>(value: &R) -> Self {
        Self::from_result(to_raw_value(value))
    }

    /// Creates a reply from the result of a serialization.
    pub fn from_result(json: serde_json::Result<Box<RawValue>>) -> Self {
        Self(match json {
            Ok(json) => ResponsePayload::success(json),
            Err(error) => {
                tracing::error!(%error, "a result cannot be serialized");
                ResponsePayload::error(internal_error())
            }
        })
    }

    /// Returns the reply with a future that events wait for, so that they cannot overtake the response.
    pub fn with_follow_up(self) -> (Self, Queued) {
        let (payload, queued) = self.0.notify_on_completion();
        (Self(payload), Queued(queued))
    }

    pub(crate) fn into_payload(self) -> ResponsePayload<'static, Box<RawValue>> {
        self.0
    }
}

/// Resolves to true once the response is in the outbox. Resolves to false if it never will be: the request was
/// cancelled, its handler was dropped, the response was too long, or the client has disconnected.
#[derive(Debug)]
#[must_use = "events that are sent without waiting may overtake the response"]
pub struct Queued(MethodResponseFuture);

impl Future for Queued {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        Pin::new(&mut self.0).poll(cx).map(|outcome| outcome.is_ok())
    }
}
