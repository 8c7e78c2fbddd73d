//! The body of an answer, read while it arrives.

use std::sync::Arc;

use easel_imagegen::port::{Files, PreviewSink};
use reqwest::Response;
use reqwest::header::CONTENT_TYPE;

use super::reader::{Document, Reader};
use crate::inline::Unfit;
use crate::waiting::{Over, Waiting};

/// Why an answer could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("the connection broke: {0}")]
    Cut(String),
    /// What is missing has not arrived.
    #[error("the answer was not there in time")]
    Over(Over),
    #[error("the provider's answer is no JSON")]
    NotJson,
    #[error(transparent)]
    Unfit(#[from] Unfit),
    #[error("reading the answer stopped")]
    Stopped,
}

/// What has arrived of an answer, and why not all of it has.
pub(super) struct Received<W> {
    pub(super) documents: Vec<Document<W>>,
    pub(super) broken: Option<Broken>,
}

/// Reads an answer with up to `wanted` images: one document from JSON, or one for each event that ends an image. What an
/// image looks like before goes to `previews`.
pub(super) async fn receive<F: Files>(
    mut response: Response,
    files: Arc<F>,
    wanted: usize,
    previews: Option<PreviewSink>,
    waiting: &Waiting,
) -> Received<F::Writer> {
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let events =
        content_type.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/event-stream"));
    let mut reader = Reader::new(files, wanted, previews, events);
    let stopped = || Received { documents: Vec::new(), broken: Some(Broken::Stopped) };
    let arrived = loop {
        if reader.has_all() {
            break Ok(());
        }
        let chunk = match waiting.on(response.chunk()).await {
            Ok(Ok(Some(chunk))) => chunk,
            Ok(Ok(None)) => break Ok(()),
            Ok(Err(error)) => break Err(Broken::Cut(crate::failure::cause(&error))),
            Err(over) => break Err(Broken::Over(over)),
        };
        let feed = move || {
            let fed = reader.feed(&chunk);
            (reader, fed)
        };
        let Ok((back, fed)) = blocking(feed).await else { return stopped() };
        reader = back;
        if fed.is_err() {
            break fed;
        }
    };
    // The connection is closed before the disk is waited for.
    drop(response);
    blocking(move || reader.end(arrived)).await.unwrap_or_else(|_| stopped())
}

/// Runs what may wait for the disk beside the runtime.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Broken> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Broken::Stopped)
}
