//! Input that arrives in chunks.

use std::io::{self, Read};

/// Cuts `bytes` into chunks of these sizes plus one, again and again. Without sizes there is one chunk.
pub fn cut<'a>(mut bytes: &'a [u8], sizes: &[u8]) -> Vec<&'a [u8]> {
    if sizes.is_empty() {
        return vec![bytes];
    }
    let mut chunks = Vec::new();
    for size in sizes.iter().cycle() {
        if bytes.is_empty() {
            break;
        }
        let (chunk, rest) = bytes.split_at(bytes.len().min(usize::from(*size) + 1));
        chunks.push(chunk);
        bytes = rest;
    }
    chunks
}

/// A reader that returns one chunk at a time.
#[derive(Debug)]
pub struct ChunkReader {
    bytes: io::Cursor<Vec<u8>>,
    sizes: Vec<u8>,
    reads: usize,
}

impl ChunkReader {
    /// Creates a reader of `bytes` whose reads have at most these sizes plus one, again and again.
    pub fn new(bytes: Vec<u8>, sizes: Vec<u8>) -> Self {
        Self { bytes: io::Cursor::new(bytes), sizes, reads: 0 }
    }
}

impl Read for ChunkReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = match self.sizes.len() {
            0 => buffer.len(),
            count => usize::from(self.sizes[self.reads % count]) + 1,
        };
        self.reads += 1;
        let len = buffer.len().min(size);
        self.bytes.read(&mut buffer[..len])
    }
}
