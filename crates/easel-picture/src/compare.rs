//! Compares a picture with the one that it was made from.
//!
//! Start at [`Edit::new`], which brings an edited picture to the size of its base.

mod composite;
mod difference;
mod feather;
mod heat_map;
mod mask;
mod shift;
#[cfg(test)]
mod tests;

use crate::{Error, Picture};

pub use composite::{Composite, CompositeError, MAX_FEATHER};
pub use difference::{ChangedPixels, PixelBox, TOLERANCE};
pub use mask::{Mask, MaskAspectError};

/// A picture and its edit, in the same size.
#[derive(Debug)]
pub struct Edit<'a> {
    base: &'a Picture,
    edited: Picture,
    resampled: bool,
    aspect_changed: bool,
}

/// What an edit changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Whether the edit had another size than its base.
    pub resampled: bool,
    /// Whether the aspect ratios differ by more than 1 %.
    pub aspect_changed: bool,
    /// How far the whole picture has moved to the right and down; `None` below 4 pixels, and if the pictures do not
    /// tell.
    pub shift: Option<(i32, i32)>,
    /// The part that the mask protects; `None` without a mask.
    pub outside: Option<ChangedPixels>,
    /// The rest; without a mask the whole picture.
    pub inside: ChangedPixels,
}

impl<'a> Edit<'a> {
    /// Scales the edit to the size of its base, if it has another one.
    ///
    /// # Errors
    ///
    /// [`Error::Encode`] if the edit cannot be scaled.
    pub fn new(base: &'a Picture, edited: Picture) -> Result<Self, Error> {
        let resampled = (edited.width, edited.height) != (base.width, base.height);
        let aspect_changed = aspects_differ((base.width, base.height), (edited.width, edited.height));
        let edited = if resampled {
            edited.stretch(base.width, base.height).map_err(|error| Error::Encode(error.into()))?
        } else {
            edited
        };
        Ok(Self { base, edited, resampled, aspect_changed })
    }

    /// Compares both pictures. A `mask` must have the size of the base.
    pub fn compare(&self, mask: Option<&Mask>) -> Comparison {
        let (outside, inside) = difference::measure(self.base, &self.edited, mask);
        Comparison {
            resampled: self.resampled,
            aspect_changed: self.aspect_changed,
            shift: shift::find(self.base, &self.edited, mask),
            outside,
            inside,
        }
    }
}

/// Returns whether the aspect ratios of two sizes differ by more than 1 %.
fn aspects_differ(a: (u32, u32), b: (u32, u32)) -> bool {
    let [first, second] = [(a.0, b.1), (b.0, a.1)].map(|(x, y)| u64::from(x) * u64::from(y));
    first.abs_diff(second) * 100 > first.min(second)
}
