//! A file reader for parsers: it makes small reads and long skips, and knows its position.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

/// A buffered file that knows its position and length.
#[derive(Debug)]
pub(super) struct Source<R> {
    reader: BufReader<R>,
    position: u64,
    length: u64,
}

impl<R: Read + Seek> Source<R> {
    /// Creates a source at the start of the file.
    pub(super) fn new(mut file: R) -> io::Result<Self> {
        let length = file.seek(SeekFrom::End(0))?;
        file.rewind()?;
        Ok(Self { reader: BufReader::with_capacity(64 << 10, file), position: 0, length })
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Reads the next `N` bytes, or fails with [`io::ErrorKind::UnexpectedEof`].
    pub(super) fn read_array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes)?;
        self.position += N as u64;
        Ok(bytes)
    }

    /// Skips `count` bytes, at most to the end. Returns the number of bytes.
    pub(super) fn skip(&mut self, count: u64) -> io::Result<u64> {
        let count = count.min(self.length.saturating_sub(self.position));
        self.seek_to(self.position + count)?;
        Ok(count)
    }

    /// Moves to a position that is not after the end.
    pub(super) fn seek_to(&mut self, position: u64) -> io::Result<()> {
        match i64::try_from(position).ok().zip(i64::try_from(self.position).ok()) {
            Some((target, current)) => self.reader.seek_relative(target - current)?,
            None => return Err(io::ErrorKind::InvalidInput.into()),
        }
        self.position = position;
        Ok(())
    }

    /// Skips the next byte of this value and everything before it. Returns `false` at the end of the file.
    pub(super) fn skip_past(&mut self, value: u8) -> io::Result<bool> {
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(false);
            }
            let found = buffer.iter().position(|byte| *byte == value);
            let skipped = found.map_or(buffer.len(), |index| index + 1);
            self.reader.consume(skipped);
            self.position += skipped as u64;
            if found.is_some() {
                return Ok(true);
            }
        }
    }
}
