//! Request bodies with images that are read from disk while the body is sent.
//!
//! One chunk is read ahead of the connection, so a body takes two chunks of memory, however large its images are. A
//! thread is busy only while it reads a chunk: while the provider takes no bytes, no thread is occupied.
//!
//! `reqwest::multipart` is not used, because JSON bodies carry images in the same way and share this one stream.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use easel_imagegen::model_copy::ModelCopy;
use easel_imagegen::port::{Files, Reference, SendGate};
use easel_imagegen::strip::{self, Metadata, StrippedImage};
use futures_core::Stream;
use futures_util::stream;
use tokio::task::JoinHandle;

use super::upload::{Upload, UploadError};

/// Bytes of an image that are read at once. A multiple of three, so that base64 chunks join without padding.
const CHUNK_SIZE: u64 = 192 << 10;

/// The body of one request. Sending it again starts from the beginning.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RequestBody {
    parts: Vec<BodyPart>,
    metadata: Metadata,
}

/// A part of a request body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum BodyPart {
    Text(Bytes),
    Image {
        image: Reference,
        encoding: Encoding,
        /// Bytes of the image that are sent, before encoding.
        len: u64,
    },
    /// A copy for the model, encoded as base64.
    Copy(ModelCopy),
}

/// How an image is written into a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Raw,
    Base64,
}

impl BodyPart {
    /// Creates a part of text.
    pub(crate) fn text(text: impl Into<Bytes>) -> Self {
        Self::Text(text.into())
    }

    /// Creates a part of a whole image file.
    pub(crate) fn image(image: &Reference, encoding: Encoding) -> Self {
        Self::Image { image: image.clone(), encoding, len: image.facts.bytes }
    }

    /// Returns the bytes that this part adds to the body.
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::Image { encoding: Encoding::Raw, len, .. } => *len,
            Self::Image { encoding: Encoding::Base64, len, .. } | Self::Copy(ModelCopy { bytes: len, .. }) => {
                len.div_ceil(3) * 4
            }
        }
    }
}

impl RequestBody {
    /// Creates a body of `parts`. `metadata` decides whether the metadata of user images is sent.
    pub(crate) fn new(parts: Vec<BodyPart>, metadata: Metadata) -> Self {
        Self { parts, metadata }
    }

    /// Returns the bytes of the whole body.
    pub(crate) fn len(&self) -> u64 {
        self.parts.iter().map(BodyPart::len).sum()
    }

    /// Returns the chunks of the body.
    ///
    /// The stream fails before its first chunk if `gate` refuses the request, and later if an image cannot be read or
    /// has become shorter. [`Upload::take_error`] then says why.
    pub(crate) fn stream<F: Files>(
        self,
        files: Arc<F>,
        gate: SendGate,
        upload: Upload,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + use<F> {
        let source = Source { parts: self.parts.into(), files, metadata: self.metadata, open: None };
        let state = (source.read_ahead(), Some(gate), None, upload);
        stream::try_unfold(state, |(next, gate, permit, upload)| async move {
            // The connection polls for the first chunk when it is about to write the request, and for the second one
            // after it has taken the first. The permit is held in between.
            drop(permit);
            let permit = gate.map(|gate| upload.acquire_permit(&gate)).transpose()?;
            let read = match next {
                NextChunk::Ready(read) => *read,
                NextChunk::Reading(thread) => thread.await.map_err(io::Error::other).flatten(),
            };
            let read = read.map_err(|error| upload.fail(UploadError::Unreadable(error)))?;
            upload.on_chunk(read.as_ref().is_none_or(|(_, rest)| rest.is_at_end()));
            Ok(read.map(|(chunk, rest)| (chunk, (rest.read_ahead(), None, permit, upload))))
        })
    }
}

/// The part of a body that has not been read yet.
struct Source<F: Files> {
    parts: VecDeque<BodyPart>,
    files: Arc<F>,
    metadata: Metadata,
    open: Option<OpenImage<F::Reader>>,
}

/// The image that is being read.
struct OpenImage<R> {
    reader: StrippedImage<R>,
    encoding: Encoding,
    /// Bytes that remain to be read.
    remaining: u64,
}

/// The next chunk with the source of the chunks after it; `None` at the end of the body.
type ReadResult<F> = io::Result<Option<(Bytes, Source<F>)>>;

/// The next chunk: in memory, or being read by a thread.
enum NextChunk<F: Files> {
    Ready(Box<ReadResult<F>>),
    Reading(JoinHandle<ReadResult<F>>),
}

impl<F: Files> Source<F> {
    /// Returns whether nothing is left to read.
    fn is_at_end(&self) -> bool {
        self.parts.is_empty() && self.open.is_none()
    }

    fn read_ahead(mut self) -> NextChunk<F> {
        if self.open.is_none() {
            match self.parts.pop_front() {
                Some(BodyPart::Text(text)) => return NextChunk::Ready(Box::new(Ok(Some((text, self))))),
                Some(BodyPart::Image { len: 0, .. }) => return self.read_ahead(),
                Some(image @ (BodyPart::Image { .. } | BodyPart::Copy(_))) => self.parts.push_front(image),
                None => return NextChunk::Ready(Box::new(Ok(None))),
            }
        }
        NextChunk::Reading(tokio::task::spawn_blocking(move || self.read()))
    }

    /// Reads the next chunk. Blocks on disk I/O.
    fn read(mut self) -> ReadResult<F> {
        let OpenImage { mut reader, encoding, remaining } = match self.open.take() {
            Some(open) => open,
            None => match self.parts.pop_front() {
                Some(BodyPart::Image { image, encoding, len }) => {
                    OpenImage { reader: strip::open(&*self.files, &image, self.metadata)?, encoding, remaining: len }
                }
                Some(BodyPart::Copy(copy)) => {
                    let reader = strip::open_copy(&*self.files, &copy)?;
                    OpenImage { reader, encoding: Encoding::Base64, remaining: copy.bytes }
                }
                Some(BodyPart::Text(text)) => return Ok(Some((text, self))),
                None => return Ok(None),
            },
        };
        let chunk = read_chunk(&mut reader, remaining)?;
        let remaining = remaining - chunk.len() as u64;
        self.open = (remaining > 0).then_some(OpenImage { reader, encoding, remaining });
        let chunk = match encoding {
            Encoding::Raw => Bytes::from(chunk),
            Encoding::Base64 => Bytes::from(STANDARD.encode(chunk)),
        };
        Ok(Some((chunk, self)))
    }
}

fn read_chunk(reader: &mut impl Read, remaining: u64) -> io::Result<Vec<u8>> {
    let len = remaining.min(CHUNK_SIZE);
    let mut chunk = Vec::with_capacity(len as usize);
    reader.take(len).read_to_end(&mut chunk)?;
    // The header `content-length` has already promised these bytes.
    if (chunk.len() as u64) < len {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file has become shorter"));
    }
    Ok(chunk)
}
