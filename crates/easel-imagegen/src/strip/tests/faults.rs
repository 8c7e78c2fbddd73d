//! Disks that fail, and files that have changed since they were imported.

use std::path::PathBuf;

use easel_protocol::record::ImageFacts;

use super::*;
use crate::port::StagedImage;

/// A file whose disk fails once, at an offset.
struct Failing {
    file: Cursor<Vec<u8>>,
    /// `None` once it has failed.
    offset: Option<u64>,
}

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(offset) = self.offset else { return self.file.read(buffer) };
        let left = usize::try_from(offset.saturating_sub(self.file.position())).expect("small");
        match buffer.len().min(left) {
            0 => {
                self.offset = None;
                Err(io::Error::from(io::ErrorKind::PermissionDenied))
            }
            room => self.file.read(&mut buffer[..room]),
        }
    }
}

impl Seek for Failing {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

#[test]
fn failure_of_the_disk_is_an_error_anywhere() {
    for (media_type, bytes) in samples() {
        let kept = stripped(&bytes, media_type).expect("an image").len();
        for offset in 0..kept as u64 / 2 {
            let file = Failing { file: Cursor::new(bytes.clone()), offset: Some(offset) };
            let read = StrippedImage::strip(file, media_type).and_then(|mut sent| sent.read_to_end(&mut Vec::new()));
            assert_eq!(read.unwrap_err().kind(), io::ErrorKind::PermissionDenied, "{media_type:?} at {offset}");
        }
    }
}

/// The only file of a store.
struct OneFile(Vec<u8>);

impl Files for OneFile {
    type Reader = Cursor<Vec<u8>>;
    type Writer = Vec<u8>;

    fn open(&self, _: &Reference) -> io::Result<Self::Reader> {
        Ok(Cursor::new(self.0.clone()))
    }

    fn open_copy(&self, _: &ModelCopy) -> io::Result<Self::Reader> {
        Ok(Cursor::new(self.0.clone()))
    }

    fn create(&self) -> io::Result<Self::Writer> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn stage(&self, _: Self::Writer) -> io::Result<StagedImage> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn stage_preview(&self, _: Self::Writer) -> io::Result<StagedImage> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[test]
fn changed_file_is_not_the_image() {
    let facts = |media_type, bytes| ImageFacts {
        sha256: String::new(),
        media_type,
        width: 1,
        height: 1,
        bytes,
        has_alpha: false,
    };
    let check = |media_type, bytes: u64, file: Vec<u8>| {
        let (path, facts) = (PathBuf::from("image.png"), facts(media_type, bytes));
        check(&OneFile(file), &Reference { id: None, path, facts, provenance: Provenance::User })
    };
    let length = png().len() as u64;
    check(MediaType::Png, length, png()).unwrap();
    for (media_type, bytes, file) in
        [(MediaType::Jpeg, length, png()), (MediaType::Png, length + 1, png()), (MediaType::Png, 5, b"other".to_vec())]
    {
        let error = check(media_type, bytes, file).unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (io::ErrorKind::InvalidData, "the file has changed"));
    }
}
