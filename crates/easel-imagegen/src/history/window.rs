//! The window of images: which images of a conversation a request shows.
//!
//! A window that always shows the newest images would drop one with each new image, and everything behind the dropped
//! one would differ from the request before. No prompt cache could use it. So the window grows to the limit and then
//! drops to half of it at once.
//!
//! Images are numbered from 0 as the conversation shows them, deleted ones included. What is shown depends only on
//! these numbers and on the sizes of the images. A resumed, forked or reverted thread therefore sends what the thread
//! before would have sent.

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
