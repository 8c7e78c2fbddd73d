//! Requests from the server to the client. Each has a deadline: a client may never answer.

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
use crate::message;
use crate::outbox::{Outbox, Wake};

/// Why a request to the client brought no result.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// No answer within the deadline; a later one is ignored.
    #[error("the client did not answer within {0:?}")]
    TimedOut(Duration),
    /// The client answered with an error.
    #[error("the client refused: {}", .0.message())]
    Refused(ErrorObjectOwned),
    /// The connection is closed, or the client sends nothing more.
    #[error("the client is gone")]
    Disconnected,
    /// The result has another shape than the request asks for, or the request could not be serialized.
    #[error("the client's answer does not fit: {0}")]
    BadAnswer(#[from] serde_json::Error),
}

type Settled = Result<Box<RawValue>, ErrorObjectOwned>;

/// The requests that wait. Each entry belongs to one waiting future, whose drop removes it.
#[derive(Default)]
pub(crate) struct PeerRequests {
    next_id: AtomicI64,
    waiting: Mutex<HashMap<i64, oneshot::Sender<Settled>>>,
    /// Cancelled when nothing is read any more, so that no answer can come.
    pub(crate) deaf: CancellationToken,
}

/// Removes the entry on every way out: answered, timed out, given up.
struct Waiting {
    outbox: Outbox,
    id: i64,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.outbox.peer().waiting.lock().remove(&self.id);
    }
}

impl Outbox {
    /// Sends a request to the client and waits for its result, at most for `deadline`. It is queued at once, in order
    /// with the notifications. Nothing may be asked while `initialize` runs: the reader waits for that.
    ///
    /// # Errors
    /// See [`PeerError`].
    pub fn request<R: DeserializeOwned, P: Serialize + ?Sized>(
        &self,
        method: &str,
        params: &P,
        deadline: Duration,
    ) -> impl Future<Output = Result<R, PeerError>> + Send + use<R, P> {
        let id = self.peer().next_id.fetch_add(1, Ordering::Relaxed);
        let (settle, settled) = oneshot::channel();
        self.peer().waiting.lock().insert(id, settle);
        let waiting = Waiting { outbox: self.clone(), id };
        let queued = message::request(self.dialect(), id, method, params)
            .map_err(PeerError::from)
            .and_then(|line| self.push(line, None, Wake::Now).map_err(|_| PeerError::Disconnected));
        async move {
            queued?;
            let answer = tokio::select! {
                biased;
                answer = settled => answer.map_err(|_| PeerError::Disconnected)?,
                () = waiting.outbox.peer().deaf.cancelled() => return Err(PeerError::Disconnected),
                () = waiting.outbox.closed() => return Err(PeerError::Disconnected),
                () = tokio::time::sleep(deadline) => return Err(PeerError::TimedOut(deadline)),
            };
            match answer {
                Err(refusal) => Err(PeerError::Refused(refusal)),
                Ok(result) => Ok(serde_json::from_str(result.get())?),
            }
        }
    }
}

impl PeerRequests {
    /// Hands an answer to whoever waits for it. An unknown id is an answer that came too late.
    pub(crate) fn settle(&self, id: &str, outcome: Result<&RawValue, &RawValue>) {
        let waiting = id.parse().ok().and_then(|id: i64| self.waiting.lock().remove(&id));
        let Some(waiting) = waiting else {
            return tracing::debug!("answer to no request of ours ignored");
        };
        let _ = waiting.send(outcome.map(ToOwned::to_owned).map_err(refusal));
    }
}

/// Reads a client's error leniently: one without code or message is a refusal too.
fn refusal(raw: &RawValue) -> ErrorObjectOwned {
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
