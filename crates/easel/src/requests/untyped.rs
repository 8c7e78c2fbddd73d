//! Requests without the types of their method, so that the code around the handlers is compiled once and not for each
//! method.

use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use easel_protocol::method::{Effect, Method};
use easel_rpc::{ErrorObjectOwned, ParseParams, Reply, parse_params_with};

use crate::app::App;
use crate::requests::handler::HandlerResponse;
use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext, RequestError, Service};

/// A method without its types.
#[derive(Clone, Copy)]
pub(super) struct UntypedMethod {
    pub(super) name: &'static str,
    pub(super) effect: Effect,
    pub(super) thread_field: Option<&'static str>,
    pub(super) parse: ParseParams<Box<dyn UntypedRequest>>,
}

/// A request whose params are parsed.
pub(super) trait UntypedRequest: Send {
    /// See [`Method::thread`].
    fn thread_id(&self) -> Option<&str>;

    /// See [`Handler::max_response_bytes`].
    fn max_response_bytes(&self) -> Option<usize>;

    /// Returns the future of the handler.
    fn handle(self: Box<Self>, app: &App, cx: RequestContext) -> Handling;
}

/// The future of a handler.
pub(super) type Handling = Pin<Box<dyn Future<Output = HandlerResult<Reply>> + Send>>;

impl UntypedMethod {
    pub(super) fn new<M: Handler>() -> Self {
        Self { name: M::NAME, effect: M::EFFECT, thread_field: M::THREAD_FIELD, parse: parse::<M> }
    }
}

fn parse<M: Handler>(params: Option<&str>) -> Result<Box<dyn UntypedRequest>, ErrorObjectOwned> {
    let params = parse_params_with(params, M::params_from_json)?;
    Ok(Box::new(TypedRequest::<M> { params, method: PhantomData }))
}

struct TypedRequest<M: Method> {
    params: M::Params,
    method: PhantomData<fn() -> M>,
}

impl<M: Handler> UntypedRequest for TypedRequest<M> {
    fn thread_id(&self) -> Option<&str> {
        M::thread(&self.params)
    }

    fn max_response_bytes(&self) -> Option<usize> {
        M::max_response_bytes(&self.params)
    }

    fn handle(self: Box<Self>, app: &App, cx: RequestContext) -> Handling {
        let service: Arc<M::Service> = Service::from_app(app);
        Box::pin(async move { M::handle(service, cx, self.params).await.map(to_untyped::<M>) })
    }
}

fn to_untyped<M: Method>(output: HandlerOutput<M::Response>) -> HandlerOutput<Reply> {
    let response = match output.response {
        HandlerResponse::Ready(response) => HandlerResponse::Ready(response.map(|value| to_reply::<M>(&value))),
        HandlerResponse::Pending(response) => HandlerResponse::Pending(Box::pin(async move {
            let response: Result<M::Response, RequestError> = response.await;
            response.map(|value| to_reply::<M>(&value))
        })),
    };
    HandlerOutput { response, follow_up: output.follow_up }
}

fn to_reply<M: Method>(response: &M::Response) -> Reply {
    Reply::from_result(M::response_to_json(response))
}
