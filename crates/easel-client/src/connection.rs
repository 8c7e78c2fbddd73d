//! A client with any number of requests in flight.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use easel_protocol::method::Method;
use parking_lot::Mutex;
use serde_json::value::RawValue;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;

use crate::error::{ClientError, protocol_error};
use crate::message::{Cancel, Request, RpcError};
use crate::pending::{PendingRequest, UntypedRequest};

/// Maximum number of requests in flight. Further ones wait, where the server would refuse them.
pub(crate) const MAX_IN_FLIGHT: usize = 128;

/// Maximum number of lines that wait to be written, without cancellations.
pub(crate) const MAX_LINES: usize = 64;

/// What the server returned for a request.
pub(crate) type Outcome = Result<Box<RawValue>, RpcError>;

/// A handle to a server, cheap to clone. [`Connection::close`] and the drop of the last handle close the server's
/// input; [`Messages`](crate::Messages) then still has what the server sends until it ends the connection.
#[derive(Debug, Clone)]
pub struct Connection(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) waiting: Waiting,
    next_id: AtomicU64,
    in_flight: Arc<Semaphore>,
    max_line_bytes: usize,
    /// Emptied by [`Connection::close`]. The writer then ends, and with it the server's input.
    lines: Mutex<Option<mpsc::Sender<String>>>,
    /// Cancellations, each with the permit of its request, so that there is always room for one.
    cancellations: mpsc::Sender<(u64, OwnedSemaphorePermit)>,
    pub(crate) tasks: Arc<Tasks>,
}

/// The requests without a response; `None` when no response can arrive anymore.
#[derive(Debug, Clone)]
pub(crate) struct Waiting(Arc<Mutex<Option<Responders>>>);

type Responders = HashMap<u64, oneshot::Sender<Outcome>>;

/// The tasks that read and write. They end with the last owner.
#[derive(Debug)]
pub(crate) struct Tasks(#[expect(dead_code, reason = "its drop ends the tasks")] pub(crate) JoinSet<()>);

impl Default for Waiting {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Some(HashMap::new()))))
    }
}

impl Waiting {
    fn add(&self, id: u64, responder: oneshot::Sender<Outcome>) -> Result<(), ClientError> {
        let mut waiting = self.0.lock();
        waiting.as_mut().ok_or(ClientError::Closed)?.insert(id, responder);
        Ok(())
    }

    pub(crate) fn remove(&self, id: u64) -> Option<oneshot::Sender<Outcome>> {
        self.0.lock().as_mut()?.remove(&id)
    }

    /// Ends the wait of all requests, and of later ones.
    pub(crate) fn close(&self) {
        *self.0.lock() = None;
    }
}

impl Inner {
    pub(crate) fn new(
        waiting: Waiting,
        lines: mpsc::Sender<String>,
        cancellations: mpsc::Sender<(u64, OwnedSemaphorePermit)>,
        max_line_bytes: usize,
        tasks: Arc<Tasks>,
    ) -> Self {
        let (next_id, in_flight) = (AtomicU64::new(1), Arc::new(Semaphore::new(MAX_IN_FLIGHT)));
        let lines = Mutex::new(Some(lines));
        Self { waiting, next_id, in_flight, max_line_bytes, lines, cancellations, tasks }
    }
}

impl Connection {
    /// Sends a request and waits for its result. Dropping the future cancels the request.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn request<M: Method>(&self, params: &M::Params) -> Result<M::Response, ClientError> {
        self.start::<M>(params).await?.await
    }

    /// Sends a request and returns the future of its result. Requests are sent in the order in which this returns.
    ///
    /// # Errors
    /// [`ClientError::Closed`], [`ClientError::TooLong`], or [`ClientError::Protocol`] if the params cannot be
    /// serialized.
    pub async fn start<M: Method>(&self, params: &M::Params) -> Result<PendingRequest<M>, ClientError> {
        let params = M::params_to_json(params).map_err(|error| protocol_error(&error))?;
        self.start_untyped(M::NAME, params).await.map(PendingRequest::new)
    }

    async fn start_untyped(&self, method: &str, params: Box<RawValue>) -> Result<UntypedRequest, ClientError> {
        let permit = Arc::clone(&self.0.in_flight).acquire_owned().await.map_err(|_| ClientError::Closed)?;
        let id = self.0.next_id.fetch_add(1, Ordering::Relaxed);
        let request = Request { id, method, params: &params };
        let line = serde_json::to_string(&request).map_err(|error| protocol_error(&error))?;
        // The server could not say whose line was too long.
        if line.len() > self.0.max_line_bytes {
            return Err(ClientError::TooLong { bytes: line.len(), max: self.0.max_line_bytes });
        }
        let lines = self.lines()?;
        let room = lines.reserve().await.map_err(|_| ClientError::Closed)?;
        // From here on nothing waits, so a request that was sent always has a future that can cancel it.
        let (responder, response) = oneshot::channel();
        self.0.waiting.add(id, responder)?;
        room.send(line);
        Ok(UntypedRequest { connection: self.clone(), id, permit: Some(permit), response })
    }

    /// Closes the server's input after the lines that wait to be written. The server then completes the requests in
    /// flight and ends the connection; until then [`Messages`](crate::Messages) has its events.
    pub fn close(&self) {
        *self.0.lines.lock() = None;
    }

    /// Sends a line after those that wait.
    pub(crate) async fn send_line(&self, line: String) -> Result<(), ClientError> {
        self.lines()?.send(line).await.map_err(|_| ClientError::Closed)
    }

    /// Sends a line, unless too many wait.
    pub(crate) fn try_send_line(&self, line: String) {
        if let Ok(lines) = self.lines() {
            let _ = lines.try_send(line);
        }
    }

    /// Cancels a request.
    pub(crate) fn cancel(&self, id: u64, permit: OwnedSemaphorePermit) {
        // There is room, since there are no more cancellations than permits. It fails only on a closed connection.
        let _ = self.0.cancellations.try_send((id, permit));
    }

    fn lines(&self) -> Result<mpsc::Sender<String>, ClientError> {
        self.0.lines.lock().clone().ok_or(ClientError::Closed)
    }
}

/// Returns the line of a cancellation.
pub(crate) fn cancellation_line(id: u64) -> Option<String> {
    serde_json::to_string(&Cancel::new(id)).ok()
}
