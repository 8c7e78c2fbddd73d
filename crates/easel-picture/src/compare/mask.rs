//! Masks: which pixels an edit may change.

use super::aspects_differ;
use crate::Picture;

/// Which pixels of a picture an edit may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    /// 255 for a pixel that may change, which is inside, and 0 for one that is protected.
    inside: Vec<u8>,
}

/// The mask was drawn for another picture: stretched, it would protect other things than those that it was drawn over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the aspect ratio of the mask differs from that of the edited image by more than 1 %")]
pub struct MaskAspectError;

impl Mask {
    /// Reads a mask for pictures of a size. A pixel is inside if that of `picture` is fully transparent. A mask of
    /// another size is scaled, without blending pixels.
    ///
    /// # Errors
    ///
    /// [`MaskAspectError`] if the mask has another aspect ratio.
    pub fn new(picture: &Picture, (width, height): (u32, u32)) -> Result<Self, MaskAspectError> {
        if aspects_differ((picture.width, picture.height), (width, height)) {
            return Err(MaskAspectError);
        }
        let (from_width, from_height) = (u64::from(picture.width), u64::from(picture.height));
        // The column or row of the mask under the middle of a pixel.
        let source = |at: u32, from: u64, to: u32| ((2 * u64::from(at) + 1) * from / (2 * u64::from(to))) as usize;
        let columns: Vec<usize> = (0..width).map(|x| source(x, from_width, width)).collect();
        let mut inside = Vec::with_capacity(columns.len() * height as usize);
        for y in 0..height {
            let start = source(y, from_height, height) * picture.width as usize;
            let is_inside = |x: &usize| if picture.rgba.get((start + x) * 4 + 3) == Some(&0) { u8::MAX } else { 0 };
            inside.extend(columns.iter().map(is_inside));
        }
        Ok(Self { inside })
    }

    /// Returns 255 for each pixel that may change and 0 for the others, row by row.
    pub(super) fn inside(&self) -> &[u8] {
        &self.inside
    }
}
