//! Writes an image to a hidden file and hashes the bytes as they pass.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};
use std::path::Path;

use easel_imagegen::sniff;
use easel_protocol::record::ImageFacts;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::unfinished::PART;
use crate::os;

/// Number of bytes to read at a time.
const CHUNK_SIZE: usize = 64 << 10;

/// An image being written. Dropping it removes the file.
#[derive(Debug)]
pub(crate) struct HashingWriter {
    file: NamedTempFile,
    hash: Sha256,
    bytes: u64,
}

impl HashingWriter {
    /// Creates an empty file. The folder must be on the file system of the image's final path, so that it can be
    /// renamed.
    pub(crate) fn create(folder: &Path, prefix: &str) -> io::Result<Self> {
        let file =
            tempfile::Builder::new().prefix(&format!(".{prefix}.")).suffix(&format!(".{PART}")).tempfile_in(folder)?;
        Ok(Self { file, hash: Sha256::new(), bytes: 0 })
    }

    /// Takes the content of another file by sharing its blocks, then hashes the copy, which nobody else can change.
    ///
    /// # Errors
    /// If the file system cannot share blocks. The file is then still empty.
    pub(crate) fn share_blocks_of(&mut self, other: &File) -> io::Result<()> {
        let file = self.file.as_file_mut();
        os::clone_file(other, file)?;
        file.rewind()?;
        (self.hash, self.bytes) = hash_rest(file)?;
        Ok(())
    }

    /// Returns the file and the number of bytes written to it.
    pub(crate) fn written(&self) -> (&File, u64) {
        (self.file.as_file(), self.bytes)
    }

    /// Flushes the content to the disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.as_file().sync_all()
    }

    /// Flushes the content to the disk and inspects it.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] if the content is not an image.
    pub(crate) fn finish(self) -> io::Result<(NamedTempFile, ImageFacts)> {
        self.sync()?;
        self.inspect()
    }

    /// Inspects the content without flushing it.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] if the content is not an image.
    pub(crate) fn inspect(mut self) -> io::Result<(NamedTempFile, ImageFacts)> {
        let file = self.file.as_file_mut();
        file.rewind()?;
        let facts = read_facts(file, self.hash, self.bytes)?;
        Ok((self.file, facts))
    }
}

impl Write for HashingWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.as_file_mut().write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_file_mut().flush()
    }
}

/// Inspects a file on disk.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] if it is not an image.
pub(crate) fn inspect_file(path: &Path) -> io::Result<ImageFacts> {
    let mut file = os::open_regular(path)?;
    let (hash, bytes) = hash_rest(&mut file)?;
    file.rewind()?;
    read_facts(&file, hash, bytes)
}

/// Returns the hash and the number of the bytes from the current position to the end.
fn hash_rest(file: &mut File) -> io::Result<(Sha256, u64)> {
    let mut hash = Sha256::new();
    let mut chunk = vec![0; CHUNK_SIZE];
    let mut bytes = 0;
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok((hash, bytes)),
            read => {
                hash.update(&chunk[..read]);
                bytes += read as u64;
            }
        }
    }
}

fn read_facts(file: &File, hash: Sha256, bytes: u64) -> io::Result<ImageFacts> {
    let Some(sniffed) = sniff::sniff(BufReader::new(file))? else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "not a PNG, JPEG, WebP or GIF image"));
    };
    Ok(ImageFacts {
        sha256: hex::encode(hash.finalize()),
        media_type: sniffed.media_type,
        width: sniffed.width,
        height: sniffed.height,
        bytes,
        has_alpha: sniffed.has_alpha,
    })
}
