//! Parsing of documents. Large ones are parsed on a blocking thread.

use easel_imagegen::port::ModelError;
use tracing::Span;

use super::decoder::DocumentKind;
use super::decoder_panicked;
use crate::responses::wire::{self, InvalidEvent, StreamEvent};

/// A larger document is parsed on a blocking thread.
const SMALL_DOCUMENT_BYTES: usize = 256 << 10;

/// Parses a document and returns its JSON too. `name` is the name of an event.
///
/// # Errors
///
/// Fails if parsing panics.
pub(super) async fn parse(
    span: &Span,
    kind: DocumentKind,
    name: &[u8],
    json: Vec<u8>,
) -> Result<(Result<StreamEvent, InvalidEvent>, Vec<u8>), ModelError> {
    let (is_small, span, name) = (json.len() <= SMALL_DOCUMENT_BYTES, span.clone(), name.to_vec());
    let parse = move || {
        let event = span.in_scope(|| match kind {
            DocumentKind::Response => wire::parse_response(&json),
            DocumentKind::Event => wire::parse_event(&name, &json),
        });
        (event, json)
    };
    if is_small { Ok(parse()) } else { tokio::task::spawn_blocking(parse).await.map_err(|_| decoder_panicked()) }
}
