//! The parts of a file that are sent, in their order.

use std::collections::VecDeque;
use std::io;

/// Maximum number of segments. Ordinary files have a handful; one with thousands was made to exhaust memory.
const MAX_SEGMENTS: usize = 4_096;

/// A run of bytes to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// A part of the file, never empty.
    File { start: u64, length: u64 },
    /// Bytes that replace a part of the file, never empty.
    Bytes(Vec<u8>),
}

/// The segments of a file.
#[derive(Debug, Default)]
pub(super) struct Segments {
    segments: VecDeque<Segment>,
    bytes: u64,
}

impl Segments {
    /// Adds a part of the file, joined with the last one if they are adjacent.
    pub(super) fn keep(&mut self, start: u64, length: u64) -> io::Result<()> {
        if length == 0 {
            return Ok(());
        }
        self.bytes += length;
        match self.segments.back_mut() {
            Some(Segment::File { start: last, length: so_far }) if *last + *so_far == start => {
                *so_far += length;
                Ok(())
            }
            Some(_) | None => self.push(Segment::File { start, length }),
        }
    }

    /// Adds bytes, which must not be empty.
    pub(super) fn put(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        self.push(Segment::Bytes(bytes))
    }

    /// Adds bytes, which must not be empty, before all others.
    pub(super) fn put_first(&mut self, bytes: Vec<u8>) {
        self.bytes += bytes.len() as u64;
        self.segments.push_front(Segment::Bytes(bytes));
    }

    /// Returns the total number of bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    fn push(&mut self, segment: Segment) -> io::Result<()> {
        if self.segments.len() == MAX_SEGMENTS {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its metadata has too many parts"));
        }
        self.segments.push_back(segment);
        Ok(())
    }
}

impl From<Segments> for VecDeque<Segment> {
    fn from(segments: Segments) -> Self {
        segments.segments
    }
}
