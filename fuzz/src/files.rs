//! Image files in memory.

use std::io::{self, Cursor};
use std::sync::Mutex;

use easel_imagegen::model_copy::ModelCopy;
use easel_imagegen::port::{Files, Reference, StagedImage};
use easel_imagegen::sniff::sniff;
use easel_protocol::record::ImageFacts;

/// Stages images by remembering their bytes.
#[derive(Debug, Default)]
pub struct MemoryFiles {
    /// The images that were staged, in their order.
    pub staged: Mutex<Vec<Vec<u8>>>,
}

impl Files for MemoryFiles {
    type Reader = Cursor<Vec<u8>>;
    type Writer = Vec<u8>;

    fn open(&self, _image: &Reference) -> io::Result<Self::Reader> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn open_copy(&self, _copy: &ModelCopy) -> io::Result<Self::Reader> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn create(&self) -> io::Result<Self::Writer> {
        Ok(Vec::new())
    }

    fn stage(&self, writer: Self::Writer) -> io::Result<StagedImage> {
        let header = sniff(writer.as_slice())?.ok_or(io::ErrorKind::InvalidData)?;
        let facts = ImageFacts {
            sha256: String::new(),
            media_type: header.media_type,
            width: header.width,
            height: header.height,
            bytes: writer.len() as u64,
            has_alpha: header.has_alpha,
        };
        self.staged.lock().expect("no panic").push(writer);
        Ok(StagedImage::new("/staged".into(), facts, |_| {}))
    }

    fn stage_preview(&self, writer: Self::Writer) -> io::Result<StagedImage> {
        self.stage(writer)
    }
}
