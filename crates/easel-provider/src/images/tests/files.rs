//! Files in memory that count unfinished images.

use std::collections::HashMap;
use std::io::{self, Cursor, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};

use easel_imagegen::model_copy::ModelCopy;
use easel_imagegen::port::{Files, Provenance, Reference, StagedImage};
use easel_protocol::record::{ImageFacts, MediaType};
use tokio::sync::Semaphore;

use crate::staging;

#[derive(Default)]
pub(super) struct CountingFiles {
    pub(super) images: HashMap<PathBuf, Vec<u8>>,
    /// Images that are being written or wait to be staged.
    pub(super) unfinished: Arc<AtomicUsize>,
    pub(super) disk_full: bool,
    /// If set, storing an image waits for the test.
    pub(super) slow: Option<Slow>,
}

/// A slow disk.
pub(super) struct Slow {
    /// One permit for each image whose storing has begun.
    pub(super) begun: Arc<Semaphore>,
    pub(super) go_on: Mutex<Receiver<()>>,
}

pub(super) struct Unfinished {
    bytes: Vec<u8>,
    count: Arc<AtomicUsize>,
    full: bool,
}

impl CountingFiles {
    /// The reference says that the file has `length` bytes.
    pub(super) fn add(&mut self, name: &str, bytes: Vec<u8>, length: u64) -> Reference {
        let path = PathBuf::from(format!("/secret folder/{name}.jpeg"));
        let facts = ImageFacts {
            sha256: String::new(),
            media_type: MediaType::Png,
            width: 1,
            height: 1,
            bytes: length,
            has_alpha: false,
        };
        self.images.insert(path.clone(), bytes);
        Reference { id: Some(format!("img_{name}").into()), path, facts, provenance: Provenance::Generated }
    }
}

impl Files for CountingFiles {
    type Reader = Cursor<Vec<u8>>;
    type Writer = Unfinished;

    fn open(&self, image: &Reference) -> io::Result<Self::Reader> {
        self.images.get(&image.path).cloned().map(Cursor::new).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn open_copy(&self, copy: &ModelCopy) -> io::Result<Self::Reader> {
        panic!("an edit sends the file, not {copy:?}")
    }

    fn create(&self) -> io::Result<Unfinished> {
        self.unfinished.fetch_add(1, Ordering::SeqCst);
        Ok(Unfinished { bytes: Vec::new(), count: Arc::clone(&self.unfinished), full: self.disk_full })
    }

    fn stage(&self, writer: Unfinished) -> io::Result<StagedImage> {
        if let Some(slow) = &self.slow {
            slow.begun.add_permits(1);
            slow.go_on.lock().unwrap().recv().unwrap();
        }
        staging::stage(&writer.bytes)
    }

    fn stage_preview(&self, writer: Self::Writer) -> io::Result<StagedImage> {
        self.stage(writer)
    }
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::SeqCst);
    }
}
