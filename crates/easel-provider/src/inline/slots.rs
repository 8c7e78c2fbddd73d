//! The images of one answer on their way to disk. Everything here blocks.

use std::io::{self, Write};
use std::sync::Arc;

use easel_imagegen::port::{Files, StagedImage};

use super::Unfit;
use super::scan::Piece;

/// Bytes of one image. The largest that a model makes today is a third of it.
const MAX_IMAGE_BYTES: u64 = 64 << 20;

/// What became of one image of an answer.
#[derive(Debug)]
pub(crate) enum Slot<W> {
    /// Written to its end.
    Whole(W),
    /// Nothing stood there: some servers send an empty text beside a URL.
    Empty,
    /// More than was asked for, or a preview.
    Ignored,
    NotBase64,
    Disk(io::Error),
}

/// Takes the images of one document in their order.
pub(crate) struct Slots<F: Files> {
    files: Arc<F>,
    wanted: usize,
    slots: Vec<Slot<F::Writer>>,
    current: Option<Slot<F::Writer>>,
    bytes: u64,
}

impl<F: Files> Slots<F> {
    /// Keeps the first `wanted` images.
    pub(crate) fn new(files: Arc<F>, wanted: usize) -> Self {
        Self { files, wanted, slots: Vec::new(), current: None, bytes: 0 }
    }

    pub(crate) fn want(&mut self, wanted: usize) {
        self.wanted = wanted;
    }

    /// Whether an image has begun and not ended.
    pub(crate) fn is_open(&self) -> bool {
        self.current.is_some()
    }

    /// What was taken since the last time.
    pub(crate) fn take(&mut self) -> Vec<Slot<F::Writer>> {
        self.current = None;
        std::mem::take(&mut self.slots)
    }

    pub(crate) fn piece(&mut self, piece: &Piece<'_>) -> Result<(), Unfit> {
        match piece {
            Piece::Begin => {
                self.bytes = 0;
                self.current = Some(Slot::Empty);
            }
            Piece::Bytes(bytes) => {
                self.bytes += bytes.len() as u64;
                if self.bytes > MAX_IMAGE_BYTES {
                    self.current = None;
                    return Err(Unfit::TooLarge);
                }
                self.current = self.current.take().map(|slot| self.written(slot, bytes));
            }
            Piece::End(end) => {
                let slot = self.current.take().unwrap_or(Slot::Empty);
                self.slots.push(match (end, slot) {
                    (Err(_), Slot::Whole(_) | Slot::Empty) => Slot::NotBase64,
                    (_, slot) => slot,
                });
            }
        }
        Ok(())
    }

    fn written(&self, slot: Slot<F::Writer>, bytes: &[u8]) -> Slot<F::Writer> {
        let kept = self.slots.iter().filter(|slot| !matches!(slot, Slot::Empty)).count();
        let writer = match slot {
            Slot::Empty if kept >= self.wanted => return Slot::Ignored,
            // A file is made for the first byte: an empty text needs none.
            Slot::Empty => self.files.create(),
            Slot::Whole(writer) => Ok(writer),
            Slot::Ignored | Slot::NotBase64 | Slot::Disk(_) => return slot,
        };
        let written = writer.and_then(|mut writer| writer.write_all(bytes).map(|()| writer));
        written.map_or_else(Slot::Disk, Slot::Whole)
    }
}

/// Makes a file of an image that is not finished. A preview need not be durable, and one that is no image is no error of
/// its call.
pub(crate) fn preview<F: Files>(files: &F, slot: Option<Slot<F::Writer>>) -> io::Result<StagedImage> {
    match slot {
        Some(Slot::Whole(writer)) => files.stage_preview(writer),
        Some(Slot::Disk(error)) => Err(error),
        Some(Slot::NotBase64) => Err(io::Error::new(io::ErrorKind::InvalidData, "not base64")),
        Some(Slot::Empty | Slot::Ignored) | None => Err(io::ErrorKind::NotFound.into()),
    }
}
