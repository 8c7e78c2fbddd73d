//! `responses`: one response of the model over server-sent events.
//!
//! [`ModelCall`](model_call::ModelCall) is the request; its images are read from disk while it is sent ([`body`]). The
//! response passes three steps: [`open_stream`] turns bytes into [`wire`] events and extracts images before the events
//! exist, [`state`] turns events into what the model produced, and [`staging`] turns images into files.
//! [`response_stream`] runs these steps and decides about another attempt.

mod body;
mod model_call;
mod prompt_cache;
mod refusals;
mod retry_budget;

mod open_stream;
mod response_stream;
mod staging;
mod state;
mod wire;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use easel_imagegen::phase;
use easel_imagegen::port::{Files, ModelError, ModelEvent, ModelRequest};
use easel_protocol::turn::CodexErrorInfo;
use futures_core::Stream;
use futures_util::future::Either;
use futures_util::stream;
use tokio_util::sync::CancellationToken;

use self::body::ConversationBody;
use self::model_call::ModelCall;
use self::prompt_cache::CacheFields;
pub(crate) use self::refusals::Refusals;
use self::response_stream::ResponseStream;
#[cfg(any(fuzzing, test))]
pub(crate) use self::response_stream::fuzzing;
use crate::credential::Credentials;
use crate::http::ApiClient;
use crate::settings::{Retries, Timeouts};

/// The Responses API of a provider.
#[derive(Debug)]
pub(crate) struct ResponsesApi<'a, C> {
    pub(crate) client: &'a ApiClient<C>,
    pub(crate) timeouts: Timeouts,
    pub(crate) retries: Retries,
    pub(crate) refusals: &'a Refusals,
}

/// Returns the events of one response. Nothing is sent before the stream is polled.
///
/// See [`Provider::respond`](easel_imagegen::port::Provider::respond) for what the stream guarantees. A response that
/// is truncated ends with an error. Once `stop` is cancelled, the stream yields what has arrived and ends.
pub(crate) fn respond<'a, C: Credentials, F: Files>(
    api: ResponsesApi<'a, C>,
    request: ModelRequest,
    files: Arc<F>,
    stop: CancellationToken,
) -> impl Stream<Item = Result<ModelEvent, ModelError>> + Send + 'a {
    let span = tracing::debug_span!(target: phase::TARGET, "plan");
    let profile = &api.client.profile;
    let cache_fields = CacheFields::new(profile, &request.model, &api.refusals.fields);
    let body = match span
        .in_scope(|| ConversationBody::new(&request, cache_fields, profile.metadata, profile.keep_reasoning))
    {
        Ok(body) => body,
        Err(error) => return Either::Left(stream::once(std::future::ready(Err(other_error(error.to_string()))))),
    };
    let call = span.in_scope(|| ModelCall::new(&api, request, body, Arc::clone(&files)));
    drop(span);
    let events = ResponseStream::new(api, call, files, stop);
    Either::Right(stream::unfold(events, |mut events| async move {
        let event = events.next().await?;
        Some((event, events))
    }))
}

/// Returns an error that may not be the provider's fault, such as a lost connection.
fn other_error(message: impl Into<String>) -> ModelError {
    ModelError { message: message.into(), info: CodexErrorInfo::Other, was_refused: false }
}

/// Returns the error of a provider that violates its own API.
fn provider_error(message: impl Into<String>) -> ModelError {
    ModelError { message: message.into(), info: CodexErrorInfo::InternalServerError, was_refused: false }
}
