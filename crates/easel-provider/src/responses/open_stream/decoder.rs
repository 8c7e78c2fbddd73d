//! Turns the chunks of a response into documents.

use std::sync::Arc;

use easel_imagegen::port::Files;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Response, StatusCode};

use crate::http::sse::{Frame, Parser};
use crate::json_images::{BodyAssembler, BodyTooLarge, ImageKeys, ImagePart};

/// Images that may wait to be processed at the same time. Each is an open file.
const MAX_IMAGES: usize = 64;

/// How a provider sends a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StreamFormat {
    Events,
    /// Compatible servers may send the whole response as JSON although a stream was requested.
    Json,
    /// Not a response of the model. Error messages use the text to name what the provider sent instead.
    Unsupported(&'static str),
}

/// An event or a whole response as JSON without its images, and the images.
pub(super) struct RawDocument<W> {
    /// The name of the event; empty if it has none.
    pub(super) name: Vec<u8>,
    pub(super) json: Vec<u8>,
    pub(super) images: Vec<ImagePart<W>>,
}

/// Turns chunks into documents.
pub(super) struct StreamDecoder<F: Files> {
    format: StreamFormat,
    parser: Parser,
    assembler: BodyAssembler<F>,
}

impl<F: Files> StreamDecoder<F> {
    pub(super) fn new(format: StreamFormat, files: Arc<F>) -> Self {
        let assembler = BodyAssembler::new(ImageKeys::Responses, files, MAX_IMAGES);
        Self { format, parser: Parser::default(), assembler }
    }

    /// Returns whether the bytes that arrive next are part of an image.
    pub(super) fn is_in_image(&self) -> bool {
        self.assembler.is_in_image()
    }

    /// Returns the documents that end in `bytes`.
    pub(super) fn feed(&mut self, mut bytes: &[u8]) -> Result<Vec<RawDocument<F::Writer>>, BodyTooLarge> {
        let (mut documents, mut image_count) = (Vec::new(), 0);
        match self.format {
            StreamFormat::Json => self.assembler.feed(bytes)?,
            StreamFormat::Unsupported(_) => {}
            StreamFormat::Events => {
                while let Some(frame) = self.parser.next(&mut bytes) {
                    match frame {
                        Frame::Data(part) => self.assembler.feed(part)?,
                        Frame::End => {
                            let document = self.take_document();
                            image_count += document.images.len();
                            self.assembler.set_limit(MAX_IMAGES.saturating_sub(image_count));
                            documents.push(document);
                        }
                    }
                }
            }
        }
        self.assembler.set_limit(MAX_IMAGES);
        Ok(documents)
    }

    /// Takes the document that has arrived so far.
    pub(super) fn take_document(&mut self) -> RawDocument<F::Writer> {
        let (json, images) = self.assembler.take();
        RawDocument { name: self.parser.event().to_vec(), json, images }
    }
}

impl StreamFormat {
    /// Detects the format from the headers.
    pub(super) fn detect(response: &Response) -> Self {
        let media_type = response.headers().get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
        let is = |kind: &[u8]| media_type.get(..kind.len()).is_some_and(|start| start.eq_ignore_ascii_case(kind));
        if response.status() == StatusCode::NO_CONTENT {
            Self::Unsupported("nothing (HTTP 204)")
        } else if is(b"text/html") {
            Self::Unsupported("a web page")
        } else if is(b"application/json") {
            Self::Json
        } else {
            Self::Events
        }
    }
}
