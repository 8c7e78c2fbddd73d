//! Receiving the body of an images response.

use std::sync::Arc;

use easel_imagegen::phase;
use easel_imagegen::port::{Files, PreviewSink};
use reqwest::Response;
use reqwest::header::CONTENT_TYPE;

use super::reader::{Document, Reader};
use crate::http::{LimitReached, NetworkLimit, root_cause};
use crate::json_images::BodyTooLarge;

/// The reason why a response could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReceiveError {
    #[error("the connection was lost: {0}")]
    Lost(String),
    #[error("the response did not arrive in time")]
    LimitReached(LimitReached),
    #[error("the provider's response is not valid JSON")]
    InvalidJson,
    #[error("the provider's response is too large: {0}")]
    TooLarge(#[from] BodyTooLarge),
    #[error("reading the response failed")]
    Panicked,
}

/// The part of a response that arrived, and the reason if the rest is missing.
pub(super) struct Received<W> {
    pub(super) documents: Vec<Document<W>>,
    pub(super) error: Option<ReceiveError>,
}

/// Reads a response with up to `image_limit` images: one document for JSON, or one for each event that ends an image.
/// Unfinished images go to `previews`.
pub(super) async fn receive<F: Files>(
    mut response: Response,
    files: Arc<F>,
    image_limit: usize,
    previews: Option<PreviewSink>,
    limit: &NetworkLimit,
) -> Received<F::Writer> {
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_event_stream =
        content_type.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/event-stream"));
    let body_span = tracing::debug_span!(target: phase::TARGET, "body");
    let decode_span = tracing::debug_span!(target: phase::TARGET, parent: &body_span, "decode");
    let mut reader = Reader::new(files, image_limit, previews, is_event_stream);
    let panicked = || Received { documents: Vec::new(), error: Some(ReceiveError::Panicked) };
    let result = loop {
        if reader.is_done() {
            break Ok(());
        }
        let chunk = match limit.run(response.chunk()).await {
            Ok(Ok(Some(chunk))) => chunk,
            Ok(Ok(None)) => break Ok(()),
            Ok(Err(error)) => break Err(ReceiveError::Lost(root_cause(&error))),
            Err(reason) => break Err(ReceiveError::LimitReached(reason)),
        };
        let span = decode_span.clone();
        let feed = move || {
            let result = span.in_scope(|| reader.feed(&chunk));
            (reader, result)
        };
        let Ok((returned, result)) = run_blocking(feed).await else { return panicked() };
        reader = returned;
        if result.is_err() {
            break result;
        }
    };
    // Closes the connection before waiting for the disk.
    drop(response);
    run_blocking(move || decode_span.in_scope(|| reader.finish(result))).await.unwrap_or_else(|_| panicked())
}

/// Runs `work`, which may block on disk I/O, on a blocking thread.
pub(super) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ReceiveError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ReceiveError::Panicked)
}
