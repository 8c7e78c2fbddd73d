//! Staged images of tests: files in the system's temporary folder.

use std::fs;
use std::io::{self, Write};

use easel_imagegen::port::StagedImage;
use easel_imagegen::sniff::sniff;
use easel_protocol::record::ImageFacts;

/// Stages `bytes`. Fails with [`io::ErrorKind::InvalidData`] if they are not an image.
pub(crate) fn stage(bytes: &[u8]) -> io::Result<StagedImage> {
    let header = sniff(bytes)?.ok_or(io::ErrorKind::InvalidData)?;
    let facts = ImageFacts {
        sha256: String::new(),
        media_type: header.media_type,
        width: header.width,
        height: header.height,
        bytes: bytes.len() as u64,
        has_alpha: header.has_alpha,
    };
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(bytes)?;
    let file = file.into_temp_path();
    Ok(StagedImage::new(file.to_path_buf(), facts, move |_| drop(file)))
}

/// Reads the bytes of a staged image.
pub(crate) fn content(staged: &StagedImage) -> Vec<u8> {
    fs::read(staged.path()).unwrap()
}
