//! A file that is walked through: small reads, long skips, and a place that is always known.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

#[derive(Debug)]
pub(super) struct Source<R> {
    reader: BufReader<R>,
    at: u64,
    length: u64,
}

impl<R: Read + Seek> Source<R> {
    /// From the start of the file.
    pub(super) fn new(mut file: R) -> io::Result<Self> {
        let length = file.seek(SeekFrom::End(0))?;
        file.rewind()?;
        Ok(Self { reader: BufReader::with_capacity(64 << 10, file), at: 0, length })
    }

    pub(super) fn at(&self) -> u64 {
        self.at
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The next bytes, or [`io::ErrorKind::UnexpectedEof`].
    pub(super) fn bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes)?;
        self.at += N as u64;
        Ok(bytes)
    }

    /// Goes on by so many bytes, at most to the end; says by how many.
    pub(super) fn skip(&mut self, count: u64) -> io::Result<u64> {
        let count = count.min(self.length.saturating_sub(self.at));
        self.go_to(self.at + count)?;
        Ok(count)
    }

    /// Goes to a place that is not behind the end.
    pub(super) fn go_to(&mut self, place: u64) -> io::Result<()> {
        match i64::try_from(place).ok().zip(i64::try_from(self.at).ok()) {
            Some((place, at)) => self.reader.seek_relative(place - at)?,
            None => return Err(io::ErrorKind::InvalidInput.into()),
        }
        self.at = place;
        Ok(())
    }

    /// Goes behind the next byte of this value; `false` at the end of the file.
    pub(super) fn skip_past(&mut self, value: u8) -> io::Result<bool> {
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(false);
            }
            let found = buffer.iter().position(|byte| *byte == value);
            let passed = found.map_or(buffer.len(), |index| index + 1);
            self.reader.consume(passed);
            self.at += passed as u64;
            if found.is_some() {
                return Ok(true);
            }
        }
    }
}
