//! What a method implements, and what it gets and returns.

use std::pin::Pin;
use std::sync::Arc;

use easel_protocol::method::Method;
use easel_rpc::Call;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::connections::Client;
use crate::requests::RequestError;

/// The handler of one method: it validates the params, calls one function of its service, and returns the response.
pub(crate) trait Handler: Method {
    /// The service that the method belongs to. A handler reaches no other part of the program.
    type Service: Service;

    /// Returns the maximum size in bytes of a response that may be long. Memory for it is reserved before the response
    /// is built, and released once it is written. `None` means that the response is always short.
    fn max_response_bytes(_params: &Self::Params) -> Option<usize> {
        None
    }

    /// Handles one request.
    fn handle(
        service: Arc<Self::Service>,
        cx: RequestContext,
        params: Self::Params,
    ) -> impl Future<Output = HandlerResult<Self::Response>> + Send;
}

/// A part of the program that implements methods.
pub(crate) trait Service: Send + Sync + 'static {
    /// Returns the only instance of the service.
    fn from_app(app: &App) -> Arc<Self>;
}

/// What a handler knows about its request, besides the params.
pub(crate) struct RequestContext {
    /// The connection that sent the request.
    pub(crate) client: Arc<Client>,
    /// Cancelled when nobody waits for the response anymore. A write that is about to cost money checks it once more;
    /// other writes run to their end.
    pub(crate) cancellation: CancellationToken,
    pub(super) call: Call,
}

impl RequestContext {
    /// Reserves memory for a response whose size is known only now, until it is written. Waits while other long
    /// responses take it.
    pub(crate) async fn reserve_response(&self, bytes: usize) {
        self.call.hold(self.client.outbox().reserve(bytes).await);
    }
}

/// The result of a handler.
pub(crate) type HandlerResult<R> = Result<HandlerOutput<R>, RequestError>;

/// A response, and the work that follows it.
pub(crate) struct HandlerOutput<R> {
    pub(super) response: HandlerResponse<R>,
    pub(super) follow_up: Option<FollowUp>,
}

/// The response of a handler.
pub(super) enum HandlerResponse<R> {
    Ready(Result<R, RequestError>),
    /// Awaited after the request has left the queue of its thread.
    Pending(Pin<Box<dyn Future<Output = Result<R, RequestError>> + Send>>),
}

pub(super) type FollowUp = Pin<Box<dyn Future<Output = ()> + Send>>;

impl<R> HandlerOutput<R> {
    /// Creates a response that no events follow.
    pub(crate) fn new(response: R) -> Self {
        Self { response: HandlerResponse::Ready(Ok(response)), follow_up: None }
    }

    /// Creates a response that may take long, such as that of work in a turn. The next request of the same thread does
    /// not wait for it.
    pub(crate) fn pending(response: impl Future<Output = Result<R, RequestError>> + Send + 'static) -> Self {
        Self { response: HandlerResponse::Pending(Box::pin(response)), follow_up: None }
    }

    /// Creates a response with work to do once it has been queued, such as sending events.
    ///
    /// If the response is never queued, because the request was cancelled or the client has disconnected, the follow-up
    /// of a method that writes runs anyway. The next request of the same thread waits for it.
    pub(crate) fn with_follow_up(response: R, follow_up: impl Future<Output = ()> + Send + 'static) -> Self {
        Self::try_with_follow_up(Ok(response), follow_up)
    }

    /// Like [`HandlerOutput::with_follow_up`], for a method that has made its change and may then fail to read the
    /// response back.
    pub(crate) fn try_with_follow_up(
        response: Result<R, RequestError>,
        follow_up: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        Self { response: HandlerResponse::Ready(response), follow_up: Some(Box::pin(follow_up)) }
    }
}
