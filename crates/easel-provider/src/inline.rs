//! Images inside JSON, taken out to disk while it arrives: what is left is small enough to be parsed as a whole.

mod base64;
mod scan;
mod slots;

use std::sync::Arc;

use easel_imagegen::port::Files;

pub(crate) use scan::{Dialect, Piece};
pub(crate) use slots::{Slot, Slots, preview};

use scan::Scanner;

/// A JSON text while it arrives, with its images. Everything here waits for the disk.
pub(crate) struct Assembly<F: Files> {
    scanner: Scanner,
    slots: Slots<F>,
}

/// Why there is no reason to read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    /// There is more JSON around the images than any provider needs.
    #[error("the answer is too long")]
    TooLong,
    #[error("an image is larger than 64 MiB")]
    TooLarge,
}

impl<F: Files> Assembly<F> {
    /// Keeps the first `wanted` images of each text.
    pub(crate) fn new(dialect: Dialect, files: Arc<F>, wanted: usize) -> Self {
        Self { scanner: Scanner::new(dialect), slots: Slots::new(files, wanted) }
    }

    /// Keeps so many images from here on.
    pub(crate) fn want(&mut self, wanted: usize) {
        self.slots.want(wanted);
    }

    /// Whether the text so far ends within an image.
    pub(crate) fn is_in_image(&self) -> bool {
        self.slots.is_open()
    }

    pub(crate) fn feed(&mut self, text: &[u8]) -> Result<(), Unfit> {
        let mut large = Ok(());
        let slots = &mut self.slots;
        self.scanner.feed(text, &mut |piece| {
            if large.is_ok() {
                large = slots.piece(&piece);
            }
        })?;
        large
    }

    /// The text that ended here, in which each image is the number of its slot; the next one begins.
    pub(crate) fn take(&mut self) -> (Vec<u8>, Vec<Slot<F::Writer>>) {
        (self.scanner.take_rest(), self.slots.take())
    }
}
