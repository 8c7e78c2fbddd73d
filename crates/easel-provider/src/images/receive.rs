//! Receiving the body of an images response.

use std::sync::Arc;

use bytes::Bytes;
use easel_imagegen::phase;
use easel_imagegen::port::{Files, PreviewSink};
use reqwest::Response;

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
    let body_span = tracing::debug_span!(target: phase::TARGET, "body");
    let decode_span = tracing::debug_span!(target: phase::TARGET, parent: &body_span, "decode");
    let mut reader = Reader::new(files, image_limit, previews);
    let panicked = || Received { documents: Vec::new(), error: Some(ReceiveError::Panicked) };
    let result = loop {
        if reader.is_done() {
            break Ok(());
        }
        let chunk = match next_chunk(&mut response, limit).await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
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

/// Waits for the next chunk of a body. Returns `None` at its end.
pub(super) async fn next_chunk(response: &mut Response, limit: &NetworkLimit) -> Result<Option<Bytes>, ReceiveError> {
    let chunk = limit.run(response.chunk()).await.map_err(ReceiveError::LimitReached)?;
    chunk.map_err(|error| ReceiveError::Lost(root_cause(&error)))
}

/// Runs `work`, which may block on disk I/O, on a blocking thread.
pub(super) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ReceiveError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ReceiveError::Panicked)
}
