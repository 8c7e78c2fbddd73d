//! A request's body on its way from disk to the socket, a piece at a time.

use std::io::{self, Read, Seek};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use easel_imagegen::port::{Files, Reference, SendGate, image_error};
use easel_imagegen::strip::{self, StrippedImage};
use easel_protocol::record::{ImageError, ImageErrorKind};
use futures_core::Stream;

use super::request::{Segment, name};
use crate::passage::Passage;
use crate::profile::ApiProfile;

/// Bytes read at once. A multiple of three, so that pieces of base64 join without padding between them.
const PIECE: usize = 96 << 10;

/// What is known of a body while somebody else sends it.
#[derive(Debug, Clone, Default)]
pub(super) struct Sending {
    begun: Arc<AtomicBool>,
    cut_short: Arc<AtomicBool>,
    refused: Arc<Mutex<Option<ImageError>>>,
}

impl Sending {
    /// Whether any of it was handed to a connection. Before that nobody can have accepted the request.
    pub(super) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Acquire)
    }

    /// Why the gate refused the request, if it did. Nothing was sent then.
    pub(super) fn refused(&self) -> Option<ImageError> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a file could not be read to its end. The body was never whole then, so nobody can have accepted it.
    pub(super) fn was_cut_short(&self) -> bool {
        self.cut_short.load(Ordering::Acquire)
    }
}

impl Sending {
    fn refuse(&self, refused: ImageError) -> io::Error {
        let message = refused.message.clone();
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(refused);
        io::Error::other(message)
    }
}

/// A part of a body, ready to be read.
enum Source<R> {
    Text(String),
    Bytes(Rest<R>),
    Base64(Rest<R>),
}

impl<R> Source<R> {
    /// Bytes that it adds to the body.
    fn length(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::Bytes(rest) => rest.bytes,
            Self::Base64(rest) => rest.bytes.div_ceil(3) * 4,
        }
    }
}

/// What is left of an image.
struct Rest<R> {
    reader: StrippedImage<R>,
    bytes: u64,
}

/// Opens every image of a body, so that one that is missing, or that the provider does not take, is found before
/// anything is sent. Blocks.
pub(super) fn open<F: Files>(
    files: &F,
    segments: Vec<Segment>,
    record: &ApiProfile,
) -> Result<Body<F::Reader>, ImageError> {
    let rest = |image: &Reference| {
        let reader = strip::open(files, image, record.metadata).map_err(|error| unreadable(image, &error))?;
        let (bytes, most) = (reader.length(), record.limits.max_image_bytes);
        if bytes > most {
            let name = name(image);
            let message = format!("the image {name} has {bytes} bytes, and this provider takes at most {most}");
            return Err(image_error(ImageErrorKind::ReferenceRefused, message));
        }
        Ok(Rest { reader, bytes })
    };
    let source = |segment: Segment| {
        Ok(match segment {
            Segment::Text(text) => Source::Text(text),
            Segment::Bytes(image) => Source::Bytes(rest(&image)?),
            Segment::Base64(image) => Source::Base64(rest(&image)?),
        })
    };
    let sources = segments.into_iter().map(source).collect::<Result<Vec<_>, ImageError>>()?;
    let length = sources.iter().map(Source::length).sum();
    Ok(Body { length, sources })
}

pub(super) struct Body<R> {
    /// Bytes of the whole body.
    pub(super) length: u64,
    sources: Vec<Source<R>>,
}

impl<R: Read + Seek + Send + 'static> Body<R> {
    /// Returns the pieces in their order. Fails before the first when `gate` refuses the request, and where a file has
    /// become shorter: the body would not be whole.
    pub(super) fn stream(
        self,
        sending: &Sending,
        gate: SendGate,
    ) -> impl Stream<Item = io::Result<Vec<u8>>> + Send + use<R> {
        let sending = sending.clone();
        let state = (self.sources.into_iter(), None, Passage::Ahead(gate));
        futures_util::stream::try_unfold(state, move |(mut sources, current, passage)| {
            let passage = passage.advance().map_err(|refused| sending.refuse(refused));
            if passage.is_ok() {
                sending.begun.store(true, Ordering::Release);
            }
            let cut_short = Arc::clone(&sending.cut_short);
            async move {
                let passage = passage?;
                let Some(source) = current.or_else(|| sources.next()) else { return Ok(None) };
                let read = tokio::task::spawn_blocking(move || piece(source)).await;
                match read.unwrap_or_else(|panic| Err(io::Error::other(panic))) {
                    Ok((piece, left)) => Ok(Some((piece, (sources, left, passage)))),
                    Err(error) => {
                        cut_short.store(true, Ordering::Release);
                        Err(error)
                    }
                }
            }
        })
    }
}

/// The next piece of an image, and what is left after it.
fn piece<R: Read + Seek>(source: Source<R>) -> io::Result<(Vec<u8>, Option<Source<R>>)> {
    Ok(match source {
        Source::Text(text) => (text.into_bytes(), None),
        Source::Bytes(rest) => {
            let (piece, left) = rest.read()?;
            (piece, left.map(Source::Bytes))
        }
        Source::Base64(rest) => {
            let (piece, left) = rest.read()?;
            (STANDARD.encode(piece).into_bytes(), left.map(Source::Base64))
        }
    })
}

impl<R: Read + Seek> Rest<R> {
    fn read(mut self) -> io::Result<(Vec<u8>, Option<Self>)> {
        let now = usize::try_from(self.bytes).map_or(PIECE, |bytes| bytes.min(PIECE));
        let mut piece = vec![0; now];
        self.reader.read_exact(&mut piece)?;
        self.bytes -= now as u64;
        let left = (self.bytes > 0).then_some(self);
        Ok((piece, left))
    }
}

fn unreadable(image: &Reference, error: &io::Error) -> ImageError {
    let name = name(image);
    // Of an image that was given nothing leaves of which it is not known what it is.
    if error.kind() == io::ErrorKind::InvalidData {
        return image_error(ImageErrorKind::ReferenceRefused, format!("the image {name} is not sent: {error}"));
    }
    let gone = error.kind() == io::ErrorKind::NotFound;
    let kind = if gone { ImageErrorKind::ReferenceNotFound } else { ImageErrorKind::Storage };
    image_error(kind, format!("the image {name} could not be read: {error}"))
}
