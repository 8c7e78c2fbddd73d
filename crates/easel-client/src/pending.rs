//! A request that was sent.

use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use easel_protocol::method::Method;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::connection::{Connection, Outcome};
use crate::error::{ClientError, protocol_error};
use crate::message::RpcError;

/// The future of a result. Dropping it before it is ready cancels the request.
#[derive(Debug)]
#[must_use = "dropping it cancels the request"]
pub struct PendingRequest<M> {
    connection: Connection,
    id: u64,
    /// Taken by the response and by the cancellation.
    permit: Option<OwnedSemaphorePermit>,
    response: oneshot::Receiver<Outcome>,
    method: PhantomData<fn() -> M>,
}

impl<M: Method> PendingRequest<M> {
    pub(crate) fn new(
        connection: Connection,
        id: u64,
        permit: OwnedSemaphorePermit,
        response: oneshot::Receiver<Outcome>,
    ) -> Self {
        Self { connection, id, permit: Some(permit), response, method: PhantomData }
    }

    /// Cancels the request. The future then resolves to what the server responds: an error, or the result if the
    /// request was completed before.
    pub fn cancel(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.connection.cancel(self.id, permit);
        }
    }
}

impl<M: Method> Future for PendingRequest<M> {
    type Output = Result<M::Response, ClientError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome = ready!(Pin::new(&mut self.response).poll(context));
        self.permit = None;
        Poll::Ready(match outcome {
            Ok(Ok(result)) => serde_json::from_str(result.get()).map_err(|error| protocol_error(&error)),
            Ok(Err(RpcError { code, message })) => Err(ClientError::Refused { code, message }),
            Err(_) => Err(ClientError::Closed),
        })
    }
}

impl<M> Drop for PendingRequest<M> {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.connection.0.waiting.remove(self.id);
            self.connection.cancel(self.id, permit);
        }
    }
}
