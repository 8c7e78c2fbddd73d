//! An image as it may leave this machine: what a camera, a phone or an editor wrote beside the pixels stays here. The
//! pixels are not decoded: parts of the file are left out, and a minimal note of the orientation is put in where the
//! file had one.
//!
//! Each format has a closed list of what is sent, so that what nobody here knows of does not leave. Colour profiles are
//! on it: without them the colours would be others. What stands behind the end of the image is not.

mod gif;
mod jpeg;
mod orientation;
mod pieces;
mod png;
mod source;
mod webp;

use std::collections::VecDeque;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use easel_protocol::record::MediaType;

use crate::port::{Files, Provenance, Reference};
use crate::sniff::sniff;
use pieces::{Piece, Pieces};
use source::Source;

/// What becomes of the metadata of images that were given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metadata {
    Strip,
    Send,
}

/// Opens an image for sending. What a provider made goes as it is, with its Content Credentials.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] when the metadata of the image cannot be told from its pixels, or is strewn over more
/// than 4,096 places; else those of the file.
pub fn open<F: Files>(files: &F, image: &Reference, metadata: Metadata) -> io::Result<StrippedImage<F::Reader>> {
    let file = files.open(image)?;
    match (image.provenance, metadata) {
        (Provenance::User, Metadata::Strip) => StrippedImage::stripped(file, image.facts.media_type),
        (Provenance::User, Metadata::Send) | (Provenance::Generated, Metadata::Strip | Metadata::Send) => {
            Ok(StrippedImage::whole(file, image.facts.bytes))
        }
    }
}

/// Checks that a file is still the image that it was when it came into the store, by its length and its header.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] when it is not; else those of the file.
pub fn check<F: Files>(files: &F, image: &Reference) -> io::Result<()> {
    let mut file = files.open(image)?;
    let length = file.seek(SeekFrom::End(0))?;
    file.rewind()?;
    let sniffed = sniff(BufReader::new(file))?;
    let is_the_same =
        length == image.facts.bytes && sniffed.is_some_and(|sniffed| sniffed.media_type == image.facts.media_type);
    if is_the_same { Ok(()) } else { Err(io::Error::new(io::ErrorKind::InvalidData, "the file has changed")) }
}

/// A file being read without its metadata.
#[derive(Debug)]
pub struct StrippedImage<R> {
    file: R,
    /// Where the file stands.
    at: u64,
    pieces: VecDeque<Piece>,
    length: u64,
}

impl<R> StrippedImage<R> {
    /// The first `length` bytes of the file, which stands at its start.
    fn whole(file: R, length: u64) -> Self {
        Self { file, at: 0, pieces: [Piece::File { start: 0, length }].into(), length }
    }

    /// Bytes that it has from beginning to end. Reading more than the file still holds is
    /// [`io::ErrorKind::UnexpectedEof`].
    pub fn length(&self) -> u64 {
        self.length
    }
}

impl<R: Read + Seek> StrippedImage<R> {
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] as [`open`] says. A file that is cut off is no error: what is there is sent.
    pub fn stripped(mut file: R, media_type: MediaType) -> io::Result<Self> {
        let mut pieces = Pieces::default();
        let mut source = Source::new(&mut file)?;
        let walked = match media_type {
            MediaType::Png => png::walk(&mut source, &mut pieces),
            MediaType::Jpeg => jpeg::walk(&mut source, &mut pieces),
            MediaType::Webp => webp::walk(&mut source, &mut pieces),
            MediaType::Gif => gif::walk(&mut source, &mut pieces),
        };
        match walked {
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
            Err(_) | Ok(()) => {}
        }
        let at = file.stream_position()?;
        let length = pieces.bytes();
        Ok(Self { file, at, pieces: pieces.into(), length })
    }
}

impl<R: Read + Seek> Read for StrippedImage<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(piece) = self.pieces.front_mut() else { return Ok(0) };
        if buffer.is_empty() {
            return Ok(0);
        }
        let (read, is_over) = match piece {
            Piece::Bytes(bytes) => {
                let read = bytes.as_slice().read(buffer)?;
                bytes.drain(..read);
                (read, bytes.is_empty())
            }
            Piece::File { start, length } => {
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
        if is_over {
            self.pieces.pop_front();
        }
        Ok(read)
    }
}

/// The file is not built as its format says.
fn not_walkable() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "its metadata cannot be told from its pixels")
}

#[cfg(test)]
mod tests;
