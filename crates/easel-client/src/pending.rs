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
    request: UntypedRequest,
    method: PhantomData<fn() -> M>,
}

/// The future of a result that is still JSON.
#[derive(Debug)]
pub(crate) struct UntypedRequest {
    pub(crate) connection: Connection,
    pub(crate) id: u64,
    /// Taken by the response and by the cancellation.
    pub(crate) permit: Option<OwnedSemaphorePermit>,
    pub(crate) response: oneshot::Receiver<Outcome>,
}

impl<M: Method> PendingRequest<M> {
    pub(crate) fn new(request: UntypedRequest) -> Self {
        Self { request, method: PhantomData }
    }

    /// Cancels the request. The future then resolves to what the server responds: an error, or the result if the
    /// request was completed before.
    pub fn cancel(&mut self) {
        self.request.cancel();
    }
}

impl<M: Method> Future for PendingRequest<M> {
    type Output = Result<M::Response, ClientError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match ready!(self.request.poll(context)) {
            Ok(Ok(result)) => M::response_from_json(result.get()).map_err(|error| protocol_error(&error)),
            Ok(Err(RpcError { code, message })) => Err(ClientError::Refused { code, message }),
            Err(_) => Err(ClientError::Closed),
        })
    }
}

impl UntypedRequest {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Outcome, oneshot::error::RecvError>> {
        let outcome = ready!(Pin::new(&mut self.response).poll(context));
        self.permit = None;
        Poll::Ready(outcome)
    }

    fn cancel(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.connection.cancel(self.id, permit);
        }
    }
}

impl Drop for UntypedRequest {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.connection.0.waiting.remove(self.id);
            self.connection.cancel(self.id, permit);
        }
    }
}
