//! The parser of an images response, without network.

use std::sync::Arc;

use easel_imagegen::port::{Files, PreviewSink};

use super::response_json;
use super::{Document, ImageBytes, Received, described_images, find_rejection};
use crate::fuzzing::{Extracted, redactor};
use crate::images::reader::Reader;

/// What an images response contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagesResponse<W> {
    /// The images in their order; links count as [`Extracted::Empty`].
    pub images: Vec<Extracted<W>>,
    /// The texts about the images, the ids and the usage, for comparisons.
    pub texts: Vec<String>,
    /// Why the response could not be read to its end.
    pub error: Option<String>,
}

/// Reads a response that arrives in chunks and has at most `limit` images.
pub fn read_images_response<'a, F: Files>(
    files: Arc<F>,
    limit: usize,
    previews: Option<PreviewSink>,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> ImagesResponse<F::Writer> {
    let mut reader = Reader::new(files, limit, previews);
    let mut result = Ok(());
    for chunk in chunks {
        if reader.is_done() {
            break;
        }
        result = reader.feed(chunk);
        if result.is_err() {
            break;
        }
    }
    let Received { mut documents, error } = reader.finish(result);
    let (mut images, mut texts) = (Vec::new(), Vec::new());
    for document in &mut documents {
        read_document(document, &mut images, &mut texts);
    }
    ImagesResponse { images, texts, error: error.map(|error| error.to_string()) }
}

fn read_document<W>(document: &mut Document<W>, images: &mut Vec<Extracted<W>>, texts: &mut Vec<String>) {
    let redactor = redactor();
    for image in described_images(document, &redactor) {
        images.push(match image.source {
            ImageBytes::Part(part) => part.into(),
            ImageBytes::Link(_) | ImageBytes::Withheld => Extracted::Empty,
        });
        texts.extend(image.revised_prompt);
        texts.push(format!("{:?}", image.applied));
    }
    texts.extend(response_json::generation_id(&document.json, &redactor));
    texts.extend(response_json::usage(&document.json).map(|usage| format!("{usage:?}")));
    let rejection = find_rejection(&document.json, &reqwest::header::HeaderMap::new(), &redactor);
    texts.extend(rejection.map(|rejection| rejection.image_error().message));
}
