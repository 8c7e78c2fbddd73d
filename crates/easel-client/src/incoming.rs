//! What the server sends on its own: events and requests, in one order.

use std::sync::Arc;

use easel_protocol::event::Event;
use easel_protocol::method::Method;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use crate::connection::{Connection, Tasks};
use crate::error::{ClientError, protocol_error};
use crate::message::{Reply, RpcError};

/// Maximum number of messages that wait to be read. The server waits when there are more.
pub(crate) const MAX_MESSAGES: usize = 256;

/// The code of the error for a request that this client does not answer. JSON-RPC reserves only negative codes.
const UNANSWERED: i32 = 1;

/// A message that is not a response.
#[derive(Debug)]
pub enum Message {
    /// An event.
    Event(Box<Event>),
    /// A request of the server.
    Request(ServerRequest),
}

/// The messages of a server, in the order sent. Read them on a task that waits for no response: a response comes after
/// the messages that were sent before it, and is not read while too many of them wait.
#[derive(Debug)]
pub struct Messages {
    pub(crate) receiver: mpsc::Receiver<Result<Message, ClientError>>,
    pub(crate) _tasks: Arc<Tasks>,
}

impl Messages {
    /// Waits for the next message. `None` when the server has closed its output.
    ///
    /// # Errors
    /// If the connection fails or a line is not a message. No message follows.
    pub async fn next(&mut self) -> Result<Option<Message>, ClientError> {
        self.receiver.recv().await.transpose()
    }
}

/// A request of the server. Dropping it responds with an error.
#[derive(Debug)]
pub struct ServerRequest {
    /// Taken by the response.
    connection: Option<Connection>,
    id: u64,
    method: String,
    params: Box<RawValue>,
}

impl ServerRequest {
    pub(crate) fn new(connection: Connection, id: u64, method: String, params: Box<RawValue>) -> Self {
        Self { connection: Some(connection), id, method, params }
    }

    /// Returns the params if the request is an `M`.
    ///
    /// # Errors
    /// If its params have another shape.
    pub fn params<M: Method>(&self) -> Result<Option<M::Params>, ClientError> {
        if self.method != M::NAME {
            return Ok(None);
        }
        M::params_from_json(self.params.get()).map(Some).map_err(|error| protocol_error(&error))
    }

    /// Responds to a request whose params [`ServerRequest::params`] has returned for `M`.
    ///
    /// # Errors
    /// If the connection is closed.
    pub async fn reply<M: Method>(mut self, result: &Result<M::Response, RpcError>) -> Result<(), ClientError> {
        let reply = Reply::new::<M>(self.id, result)?;
        let line = serde_json::to_string(&reply).map_err(|error| protocol_error(&error))?;
        let connection = self.connection.take().ok_or(ClientError::Closed)?;
        connection.send_line(line).await
    }
}

impl Drop for ServerRequest {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let error = RpcError { code: UNANSWERED, message: "the client does not answer this request".to_owned() };
        let reply = Reply::Error { id: self.id, error: &error };
        if let Ok(line) = serde_json::to_string(&reply) {
            connection.try_send_line(line);
        }
    }
}
