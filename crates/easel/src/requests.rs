//! What the handlers of all methods share: their trait, their error, and the dispatch of requests.
//!
//! Start at [`dispatch`] for the life of a request and at [`Handler`] for what a method implements.

mod dispatch;
mod error;
mod handler;
mod page;
mod unknown_method;
mod untyped;
pub(crate) mod validate;

pub(crate) use dispatch::{ConnectionContext, register};
pub(crate) use error::RequestError;
pub(crate) use handler::{Handler, HandlerOutput, HandlerResult, RequestContext, Service};
pub(crate) use page::paginate;
pub(crate) use unknown_method::unknown_method;
