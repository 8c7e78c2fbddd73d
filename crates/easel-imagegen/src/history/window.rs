//! The window of images: which images of a conversation a request shows.
//!
//! A window that always shows the newest images would drop one with each new image, and everything behind the dropped
//! one would differ from the request before. No prompt cache could use it. So the window grows to the limit and then
//! drops to half of it at once.
//!
//! Images are numbered from 0 as the conversation shows them, deleted ones included. What is shown depends only on
//! these numbers and on the sizes of the images. A resumed, forked or reverted thread therefore sends what the thread
//! before would have sent.

use std::collections::{HashMap, HashSet};

use easel_protocol::response_item::ResponseItem;

use super::render::to_handles;
use crate::model_copy::ModelCopies;
use crate::port::{Reference, ThreadImage};

/// Maximum size of an image that is sent as a data URL, in bytes. OpenAI's API accepts URLs of at most 20,971,520
/// characters, and base64 has four characters for three bytes. A larger image in a conversation would make every
/// later request of the thread fail.
pub const MAX_DATA_URL_IMAGE_BYTES: u64 = 15_700_000;

/// The limits for the images that a request sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageBudget {
    /// Maximum number of images. When one more would exceed it, half of them are left out.
    pub images: u32,
    /// Maximum total size of the files in bytes, before base64. When one more image would exceed it, images are left
    /// out until the rest fits into half of it.
    pub bytes: u64,
}

impl ImageBudget {
    /// Returns the number of the first image that a conversation with `count` images shows, by their number only.
    ///
    /// It grows in steps: it is the same for `count` and `count + 1`, except where the window is full.
    pub(super) fn first_by_number(self, count: usize) -> usize {
        let high = self.images as usize;
        let low = high.div_ceil(2);
        let step = high - low + 1;
        if count <= high { 0 } else { step * ((count - low) / step) }
    }

    /// Returns how many of these images, oldest first, are left out because of their sizes in bytes.
    ///
    /// The sizes are added in order, as the images came, so that the result for the same first image changes only when
    /// the budget is exceeded. The newest image is shown if it fits the budget.
    pub(super) fn skip_by_size(self, sizes: &[u64]) -> usize {
        let (mut first, mut total) = (0, 0_u64);
        for (index, size) in sizes.iter().enumerate() {
            total = total.saturating_add(*size);
            if total <= self.bytes {
                continue;
            }
            while first < index && total > self.bytes / 2 {
                total -= sizes[first];
                first += 1;
            }
            if total > self.bytes {
                (first, total) = (index + 1, 0);
            }
        }
        first
    }
}

/// The images of a conversation, and which of them a request sends.
///
/// An image that the conversation shows several times counts each time.
pub(super) struct Window<'a> {
    by_handle: HashMap<&'a str, &'a ThreadImage>,
    /// Handles of images that are too large for any request.
    too_large: HashSet<&'a str>,
    /// Number of images at the beginning of the conversation that are not sent.
    skipped: usize,
}

impl<'a> Window<'a> {
    /// Chooses the images for a request with these items. A copy counts in place of its file.
    pub(super) fn new(
        items: &[ResponseItem],
        images: &'a [ThreadImage],
        budget: ImageBudget,
        copies: &ModelCopies,
    ) -> Self {
        let sent_bytes = |image: &Reference| {
            image.id.as_ref().and_then(|id| copies.get(id)).map_or(image.facts.bytes, |copy| copy.bytes)
        };
        let by_handle: HashMap<&str, &ThreadImage> =
            images.iter().filter_map(|image| Some((image.reference.id.as_deref()?, image))).collect();
        let is_sendable = |image: &&Reference| sent_bytes(image) <= MAX_DATA_URL_IMAGE_BYTES;
        let find_sendable = |handle: &str| by_handle.get(handle).map(|image| &image.reference).filter(is_sendable);
        let handles = items.iter().flat_map(to_handles);
        let sizes: Vec<u64> = handles.map(|handle| find_sendable(handle).map_or(0, sent_bytes)).collect();
        let first = first_by_number(items, budget);
        let skipped = first + budget.skip_by_size(&sizes[first..]);
        let too_large = images.iter().map(|image| &image.reference).filter(|image| !is_sendable(image));
        let too_large = too_large.filter_map(|image| image.id.as_deref()).collect();
        Self { by_handle, too_large, skipped }
    }

    /// Returns the image with this handle.
    pub(super) fn find(&self, handle: &str) -> Option<&'a ThreadImage> {
        self.by_handle.get(handle).copied()
    }

    /// Returns the image with this handle if it is sent. `index` is its number among the images of the items, from 0.
    pub(super) fn find_sent(&self, index: usize, handle: &str) -> Option<&'a Reference> {
        let is_sent = index >= self.skipped && !self.too_large.contains(handle);
        self.find(handle).map(|image| &image.reference).filter(|_| is_sent)
    }
}

/// Returns the index, among the images of the items, of the first one that the number of images allows. The number
/// includes the images before a catalogue.
pub(super) fn first_by_number(items: &[ResponseItem], budget: ImageBudget) -> usize {
    let before = match items.first() {
        Some(ResponseItem::ContextCompaction(catalogue)) => usize::try_from(catalogue.images_before).unwrap_or(0),
        Some(_) | None => 0,
    };
    let count = items.iter().flat_map(to_handles).count();
    budget.first_by_number(before + count).saturating_sub(before)
}
