//! The body of an answer, read as it arrives: images to disk, the rest of the JSON for the parser.

use std::sync::Arc;

use easel_imagegen::port::{Files, Previews};
use reqwest::Response;
use reqwest::header::CONTENT_TYPE;

use super::reader::{Document, Reader};
use crate::inline::Unfit;

/// Why an answer could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("the connection broke: {0}")]
    Cut(String),
    #[error("the provider's answer is no JSON")]
    NotJson,
    #[error(transparent)]
    Unfit(#[from] Unfit),
    #[error("reading the answer stopped")]
    Stopped,
}

/// Reads an answer with up to `wanted` images: one document from JSON, or one for each event that ends an image. What an
/// image looks like before goes to `previews`.
pub(super) async fn receive<F: Files>(
    mut response: Response,
    files: Arc<F>,
    wanted: usize,
    previews: Option<Previews<F::Staged>>,
) -> Result<Vec<Document<F::Writer>>, Broken> {
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let events =
        content_type.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/event-stream"));
    let mut reader = Reader::new(files, wanted, previews, events);
    let arrived = loop {
        if reader.has_all() {
            break Ok(());
        }
        match response.chunk().await {
            Ok(Some(chunk)) => {
                let fed;
                (reader, fed) = blocking(move || {
                    let fed = reader.feed(&chunk);
                    (reader, fed)
                })
                .await?;
                if fed.is_err() {
                    break fed;
                }
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(Broken::Cut(crate::failure::cause(&error))),
        }
    };
    blocking(move || match arrived {
        Ok(()) => reader.finish(),
        Err(broken) => {
            let documents = reader.salvage();
            if documents.is_empty() { Err(broken) } else { Ok(documents) }
        }
    })
    .await?
}

/// Runs what may wait for the disk beside the runtime.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Broken> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Broken::Stopped)
}
