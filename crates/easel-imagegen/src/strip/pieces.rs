//! What is sent of a file, in its order.

use std::collections::VecDeque;
use std::io;

/// A file is a handful of pieces; one that is thousands was made to fill the memory.
const MOST: usize = 4_096;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// A part of the file; never empty.
    File { start: u64, length: u64 },
    /// What stands there instead; never empty.
    Bytes(Vec<u8>),
}

#[derive(Debug, Default)]
pub(super) struct Pieces {
    pieces: VecDeque<Piece>,
    bytes: u64,
}

impl Pieces {
    /// Sends this part of the file.
    pub(super) fn keep(&mut self, start: u64, length: u64) -> io::Result<()> {
        if length == 0 {
            return Ok(());
        }
        self.bytes += length;
        match self.pieces.back_mut() {
            Some(Piece::File { start: last, length: so_far }) if *last + *so_far == start => {
                *so_far += length;
                Ok(())
            }
            Some(_) | None => self.push(Piece::File { start, length }),
        }
    }

    /// Sends these bytes, of which there are some.
    pub(super) fn put(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        self.push(Piece::Bytes(bytes))
    }

    /// Sends these bytes, of which there are some, before everything else.
    pub(super) fn put_first(&mut self, bytes: Vec<u8>) {
        self.bytes += bytes.len() as u64;
        self.pieces.push_front(Piece::Bytes(bytes));
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    fn push(&mut self, piece: Piece) -> io::Result<()> {
        if self.pieces.len() == MOST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its metadata is strewn over too many places"));
        }
        self.pieces.push_back(piece);
        Ok(())
    }
}

impl From<Pieces> for VecDeque<Piece> {
    fn from(pieces: Pieces) -> Self {
        pieces.pieces
    }
}
