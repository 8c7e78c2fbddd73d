//! Responses and the headers that all of them have.

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Response, StatusCode};
use serde::Serialize;

use crate::gallery::ReadError;
use crate::page::{SERVED, SERVED_POLICY};

/// The body of a response.
pub(super) type Body = UnsyncBoxBody<Bytes, ReadError>;

/// The policy of what is not a page.
const NO_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// Headers of every response: its type is what it says, and it is neither kept nor given to other pages.
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];

/// Returns the page.
pub(super) fn page() -> Response<Body> {
    let mut response =
        full(HeaderValue::from_static("text/html; charset=utf-8"), Bytes::from_static(SERVED.as_bytes()));
    // The policy is made of base64 and constants.
    if let Ok(policy) = HeaderValue::from_str(&SERVED_POLICY) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Returns a text that says why a request failed.
pub(super) fn failure(status: StatusCode, reason: &str) -> Response<Body> {
    let mut response = full(TEXT, format!("{reason}\n").into());
    *response.status_mut() = status;
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
    }
    response
}

/// Returns the response to a request that could not be read.
pub(super) fn read_failure(error: &ReadError) -> Response<Body> {
    let status = match error {
        ReadError::NotFound => StatusCode::NOT_FOUND,
        ReadError::Invalid(_) => StatusCode::BAD_REQUEST,
        ReadError::Busy => StatusCode::SERVICE_UNAVAILABLE,
        ReadError::Client(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    failure(status, &error.to_string())
}

/// Returns a value as JSON.
pub(super) fn json(value: &impl Serialize) -> Response<Body> {
    match serde_json::to_vec(value) {
        Ok(bytes) => full(HeaderValue::from_static("application/json"), bytes.into()),
        Err(error) => failure(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

/// Returns a picture.
pub(super) fn picture(media_type: &'static str, bytes: Vec<u8>) -> Response<Body> {
    full(HeaderValue::from_static(media_type), bytes.into())
}

/// Returns a picture of `length` bytes that is read while it is sent.
pub(super) fn streamed_picture(
    media_type: &'static str,
    length: u64,
    chunks: impl stream::Stream<Item = Result<Bytes, ReadError>> + Send + 'static,
) -> Response<Body> {
    let body = StreamBody::new(chunks.map_ok(Frame::data).boxed());
    let mut response = with_headers(HeaderValue::from_static(media_type), BodyExt::boxed_unsync(body));
    response.headers_mut().insert(CONTENT_LENGTH, length.into());
    response
}

fn full(content_type: HeaderValue, bytes: Bytes) -> Response<Body> {
    with_headers(content_type, Full::new(bytes).map_err(|never| match never {}).boxed_unsync())
}

fn with_headers(content_type: HeaderValue, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.extend(HEADERS);
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(CONTENT_SECURITY_POLICY, NO_POLICY);
    response
}
