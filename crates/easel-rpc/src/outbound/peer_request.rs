//! Requests from the server to the client. Each has a deadline, because a client may never respond.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jsonrpsee::types::ErrorObjectOwned;
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::error::code;
use crate::outbound::message;
use crate::outbound::outbox::{Outbox, Wake};

/// Why a request to the client has no result.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// The client did not respond within the deadline. A later response is ignored.
    #[error("the client did not respond within {0:?}")]
    TimedOut(Duration),
    /// The client responded with an error.
    #[error("the client responded with an error: {}", .0.message())]
    Refused(ErrorObjectOwned),
    /// The connection is closed, or the client has closed its end.
    #[error("the client is disconnected")]
    Disconnected,
    /// The params cannot be serialized, so no request was sent.
    #[error("the params of the request cannot be serialized: {0}")]
    InvalidParams(#[source] serde_json::Error),
    /// The result does not have the expected shape.
    #[error("the client's response has the wrong shape: {0}")]
    InvalidResponse(#[source] serde_json::Error),
}

type Outcome = Result<Box<RawValue>, ErrorObjectOwned>;

/// The requests that wait for a response. Each entry belongs to a future, which removes it on drop.
#[derive(Default)]
pub(crate) struct PeerRequests {
    next_id: AtomicI64,
    waiting: Mutex<HashMap<i64, oneshot::Sender<Outcome>>>,
    /// Cancelled when the reader stops, after which no response can arrive.
    pub(crate) input_closed: CancellationToken,
}

/// Removes the entry of a request on drop: after the response, a timeout, or a cancellation.
struct WaitingEntry {
    outbox: Outbox,
    id: i64,
}

impl Drop for WaitingEntry {
    fn drop(&mut self) {
        self.outbox.peer().waiting.lock().remove(&self.id);
    }
}

impl Outbox {
    /// Sends a request to the client and waits for its result, at most for `deadline`. The request is queued
    /// immediately, in order with the notifications. Do not call this while `initialize` runs: the reader waits for its
    /// handler.
    ///
    /// # Errors
    /// See [`PeerError`].
    pub fn request<R: DeserializeOwned, P: Serialize + ?Sized>(
        &self,
        method: &str,
        params: &P,
        deadline: Duration,
    ) -> impl Future<Output = Result<R, PeerError>> + Send + use<R, P> {
        self.open_request(method, params, deadline).1
    }

    /// Like [`Outbox::request`], and also returns the id of the request, for messages that refer to it.
    ///
    /// # Errors
    /// See [`PeerError`].
    pub fn open_request<R: DeserializeOwned, P: Serialize + ?Sized>(
        &self,
        method: &str,
        params: &P,
        deadline: Duration,
    ) -> (i64, impl Future<Output = Result<R, PeerError>> + Send + use<R, P>) {
        let id = self.peer().next_id.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        self.peer().waiting.lock().insert(id, sender);
        let waiting = WaitingEntry { outbox: self.clone(), id };
        let queued = message::request(self.tag(), id, method, &params)
            .map_err(PeerError::InvalidParams)
            .and_then(|line| self.push(line, None, Wake::Now).map_err(|_| PeerError::Disconnected));
        let response = async move {
            queued?;
            let outcome = tokio::select! {
                biased;
                outcome = receiver => outcome.map_err(|_| PeerError::Disconnected)?,
                () = waiting.outbox.peer().input_closed.cancelled() => return Err(PeerError::Disconnected),
                () = waiting.outbox.closed() => return Err(PeerError::Disconnected),
                () = tokio::time::sleep(deadline) => return Err(PeerError::TimedOut(deadline)),
            };
            match outcome {
                Err(error) => Err(PeerError::Refused(error)),
                Ok(result) => serde_json::from_str(result.get()).map_err(PeerError::InvalidResponse),
            }
        };
        (id, response)
    }
}

impl PeerRequests {
    /// Passes a response to the future that waits for it. An unknown id is that of a request that timed out.
    pub(crate) fn settle(&self, id: &str, outcome: Result<&RawValue, &RawValue>) {
        let waiting = id.parse().ok().and_then(|id: i64| self.waiting.lock().remove(&id));
        let Some(waiting) = waiting else {
            return tracing::debug!("ignored a response that belongs to no open request");
        };
        let _ = waiting.send(outcome.map(ToOwned::to_owned).map_err(to_error));
    }
}

/// Reads a client's error leniently: code and message may be missing.
fn to_error(raw: &RawValue) -> ErrorObjectOwned {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Lenient {
        code: Option<i32>,
        message: Option<String>,
        data: Option<Box<RawValue>>,
    }
    let Lenient { code, message, data } = serde_json::from_str(raw.get()).unwrap_or_default();
    ErrorObjectOwned::owned(code.unwrap_or(code::INTERNAL_ERROR), message.unwrap_or_default(), data)
}
