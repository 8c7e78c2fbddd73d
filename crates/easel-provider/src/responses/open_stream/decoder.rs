//! Turns the chunks of a response into documents.

use std::sync::Arc;

use easel_imagegen::port::Files;

use crate::http::sse::{Frame, Parser};
use crate::http::{BodyFormat, FormatDetector};
use crate::json_images::{BodyAssembler, BodyTooLarge, ImageKeys, ImagePart};

/// Images that may wait to be processed at the same time. Each is an open file.
const MAX_IMAGES: usize = 64;

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DocumentKind {
    Event,
    /// A whole response. Compatible servers may send it although a stream was requested.
    Response,
}

/// An event or a whole response as JSON without its images, and the images.
pub(super) struct RawDocument<W> {
    pub(super) kind: DocumentKind,
    /// The name of the event; empty if it has none.
    pub(super) name: Vec<u8>,
    pub(super) json: Vec<u8>,
    pub(super) images: Vec<ImagePart<W>>,
}

/// Turns chunks into documents.
pub(super) struct StreamDecoder<F: Files> {
    format: FormatDetector,
    parser: Parser,
    assembler: BodyAssembler<F>,
}

impl<F: Files> StreamDecoder<F> {
    pub(super) fn new(files: Arc<F>) -> Self {
        let assembler = BodyAssembler::new(ImageKeys::Responses, files, MAX_IMAGES);
        Self { format: FormatDetector::default(), parser: Parser::default(), assembler }
    }

    /// Returns whether the body is a web page.
    pub(super) fn is_page(&self) -> bool {
        self.format.format() == Some(BodyFormat::Page)
    }

    /// Returns whether the bytes that arrive next are part of an image.
    pub(super) fn is_in_image(&self) -> bool {
        self.assembler.is_in_image()
    }

    /// Returns the documents that end in `bytes`. A whole response ends with the body.
    pub(super) fn feed(&mut self, mut bytes: &[u8]) -> Result<Vec<RawDocument<F::Writer>>, BodyTooLarge> {
        let (mut documents, mut image_count) = (Vec::new(), 0);
        match self.format.feed(&mut bytes) {
            None | Some(BodyFormat::Page) => {}
            Some(BodyFormat::Json) => self.assembler.feed(bytes)?,
            Some(BodyFormat::Events) => {
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
        let kind = match self.format.format() {
            Some(BodyFormat::Json) => DocumentKind::Response,
            Some(BodyFormat::Events | BodyFormat::Page) | None => DocumentKind::Event,
        };
        let (json, images) = self.assembler.take();
        RawDocument { kind, name: self.parser.event().to_vec(), json, images }
    }
}
