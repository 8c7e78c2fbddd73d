//! Removes metadata from user images before they are sent: what a camera, a phone or an editor stored next to the
//! pixels stays on this machine. The pixels are not decoded: parts of the file are left out, and a minimal Exif block
//! replaces the original one if it had an orientation.
//!
//! Each format has a list of the parts that are sent, so that unknown parts are never sent. Color profiles are sent,
//! because the colors would change without them. Bytes after the end of the image are not sent.

mod gif;
mod jpeg;
mod orientation;
mod png;
mod segments;
mod source;
mod webp;

use std::collections::VecDeque;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use easel_protocol::record::MediaType;

use crate::model_copy::ModelCopy;
use crate::port::{Files, Provenance, Reference};
use crate::sniff::sniff;
use segments::{Segment, Segments};
use source::Source;

/// What happens to the metadata of user images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metadata {
    /// It is removed.
    Strip,
    /// It is sent.
    Send,
}

/// Opens an image for sending. A generated image is sent unchanged, with its Content Credentials.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] if the metadata of the image cannot be separated from its pixels, or has more than
/// 4,096 parts; otherwise those of the file system.
pub fn open<F: Files>(files: &F, image: &Reference, metadata: Metadata) -> io::Result<StrippedImage<F::Reader>> {
    let file = files.open(image)?;
    match (image.provenance, metadata) {
        (Provenance::User, Metadata::Strip) => StrippedImage::strip(file, image.facts.media_type),
        (Provenance::User, Metadata::Send) | (Provenance::Generated, Metadata::Strip | Metadata::Send) => {
            Ok(StrippedImage::unchanged(file, image.facts.bytes))
        }
    }
}

/// Opens a copy of an image for sending. It has no metadata to remove.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] if the file is not the copy that was made, by length and header; otherwise those of
/// the file system.
pub fn open_copy<F: Files>(files: &F, copy: &ModelCopy) -> io::Result<StrippedImage<F::Reader>> {
    let file = require_unchanged(files.open_copy(copy)?, copy.media_type, copy.bytes)?;
    Ok(StrippedImage::unchanged(file, copy.bytes))
}

/// Checks by length and header that a file is still the image that was imported.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] if it is not; otherwise those of the file system.
pub fn check<F: Files>(files: &F, image: &Reference) -> io::Result<()> {
    require_unchanged(files.open(image)?, image.facts.media_type, image.facts.bytes).map(drop)
}

/// Returns the file at its start if it has this format and length.
fn require_unchanged<R: Read + Seek>(mut file: R, media_type: MediaType, bytes: u64) -> io::Result<R> {
    let length = file.seek(SeekFrom::End(0))?;
    file.rewind()?;
    let sniffed = sniff(BufReader::new(&mut file))?;
    if length != bytes || sniffed.is_none_or(|sniffed| sniffed.media_type != media_type) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the file has changed"));
    }
    file.rewind()?;
    Ok(file)
}

/// A reader for a file without its metadata.
#[derive(Debug)]
pub struct StrippedImage<R> {
    file: R,
    /// The position in the file.
    at: u64,
    segments: VecDeque<Segment>,
    length: u64,
}

impl<R> StrippedImage<R> {
    /// Creates a reader for the first `length` bytes of the file, whose position is the start.
    fn unchanged(file: R, length: u64) -> Self {
        Self { file, at: 0, segments: [Segment::File { start: 0, length }].into(), length }
    }

    /// Returns the total number of bytes. If the file became shorter, reading fails with
    /// [`io::ErrorKind::UnexpectedEof`].
    pub fn length(&self) -> u64 {
        self.length
    }
}

impl<R: Read + Seek> StrippedImage<R> {
    /// Creates a reader that leaves out the metadata. A truncated file is sent up to its end.
    ///
    /// # Errors
    /// Those of [`open`].
    pub fn strip(mut file: R, media_type: MediaType) -> io::Result<Self> {
        let mut segments = Segments::default();
        let mut source = Source::new(&mut file)?;
        let result = match media_type {
            MediaType::Png => png::collect_segments(&mut source, &mut segments),
            MediaType::Jpeg => jpeg::collect_segments(&mut source, &mut segments),
            MediaType::Webp => webp::collect_segments(&mut source, &mut segments),
            MediaType::Gif => gif::collect_segments(&mut source, &mut segments),
        };
        match result {
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
            Err(_) | Ok(()) => {}
        }
        let at = file.stream_position()?;
        let length = segments.bytes();
        Ok(Self { file, at, segments: segments.into(), length })
    }
}

impl<R: Read + Seek> Read for StrippedImage<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(segment) = self.segments.front_mut() else { return Ok(0) };
        if buffer.is_empty() {
            return Ok(0);
        }
        let (read, is_done) = match segment {
            Segment::Bytes(bytes) => {
                let read = bytes.as_slice().read(buffer)?;
                bytes.drain(..read);
                (read, bytes.is_empty())
            }
            Segment::File { start, length } => {
                if self.at != *start {
                    self.at = self.file.seek(SeekFrom::Start(*start))?;
                }
                let read = self.file.by_ref().take(*length).read(buffer)?;
                if read == 0 {
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter"));
                }
                self.at += read as u64;
                *start += read as u64;
                *length -= read as u64;
                (read, *length == 0)
            }
        };
        if is_done {
            self.segments.pop_front();
        }
        Ok(read)
    }
}

/// Creates the error for a file that does not follow its format.
fn malformed_error() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "its metadata cannot be separated from its pixels")
}

#[cfg(test)]
mod tests;
