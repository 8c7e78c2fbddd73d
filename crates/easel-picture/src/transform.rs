//! Turns a picture into the one that an export asks for: trims, scales, pads and fills it.

mod border;
mod canvas;
mod resize;

use crate::Picture;

pub use canvas::Color;

/// The most pixels of a side of a transformed picture.
const MAX_SIDE: u32 = 16_384;
/// The most pixels of a transformed picture: as many as a decoded one may have.
const MAX_PIXELS: u64 = 50 << 20;

/// How a picture fills a size of another aspect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fit {
    /// It does not: the aspect must be the same.
    #[default]
    Refuse,
    /// The whole picture is shown, in the middle of the size.
    Contain,
    /// The whole size is filled, and what is left of the picture at two sides is cut off.
    Cover,
}

/// What is done with a picture, in the order of the fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Transform {
    /// Whether a transparent border, or one of a single color, is cut off.
    pub trim: bool,
    /// The width of the result in pixels. Without it, it follows from the height, and the picture is not scaled if both
    /// are absent.
    pub width: Option<u32>,
    /// The height of the result in pixels, like the width.
    pub height: Option<u32>,
    /// How the picture fills the size.
    pub fit: Fit,
    /// Pixels around the picture, within a width or a height and outside the picture without them.
    pub padding: u32,
    /// The color below transparent pixels, padding and what the picture does not fill. Without it they are transparent.
    pub background: Option<Color>,
}

/// Why a picture was not transformed.
#[derive(Debug, thiserror::Error)]
pub enum TransformError {
    /// The aspect is another one, and [`Fit::Refuse`] is set.
    #[error("a picture of {}x{} pixels does not have the aspect of {}x{}", .from.0, .from.1, .to.0, .to.1)]
    Aspect {
        /// The size of the picture.
        from: (u32, u32),
        /// The size that it was to fill.
        to: (u32, u32),
    },
    /// Every pixel belongs to the border.
    #[error("the picture has nothing but one color")]
    Blank,
    /// The padding leaves no room for the picture.
    #[error("the padding leaves no room for the picture")]
    NoRoom,
    /// The result has more pixels than a picture may have.
    #[error("a picture of {0}x{1} pixels is too large")]
    TooLarge(u64, u64),
    /// The scaler refused the picture.
    #[error("the picture cannot be scaled")]
    Scale(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Picture {
    /// Returns the picture after `transform`.
    ///
    /// The same input gives the same pixels on every processor.
    ///
    /// # Errors
    ///
    /// [`TransformError::Aspect`] and [`TransformError::Blank`] depend on the picture, the others also on the numbers.
    pub fn transform(&self, transform: &Transform) -> Result<Self, TransformError> {
        let mut area = if transform.trim { self.content().ok_or(TransformError::Blank)? } else { self.area() };
        let canvas = transform.canvas(area.size)?;
        let padding = transform.padding.saturating_mul(2);
        let room = |side: u32| side.checked_sub(padding).filter(|side| *side > 0);
        let (Some(width), Some(height)) = (room(canvas.0), room(canvas.1)) else {
            return Err(TransformError::NoRoom);
        };
        // A side that follows from the other one has the aspect but for rounding.
        let follows = transform.width.is_none() || transform.height.is_none();
        let scaled = match transform.fit {
            _ if follows => (width, height),
            Fit::Contain => contain(area.size, (width, height)),
            Fit::Cover => {
                area = area.middle(contain((width, height), area.size));
                (width, height)
            }
            Fit::Refuse if has_aspect(area.size, (width, height)) => (width, height),
            Fit::Refuse => return Err(TransformError::Aspect { from: area.size, to: (width, height) }),
        };
        let picture = self.resize(area, scaled)?;
        Ok(picture.on_canvas(canvas, transform.background))
    }
}

impl Transform {
    /// Returns the size of the result for a picture of this size.
    fn canvas(&self, picture: (u32, u32)) -> Result<(u32, u32), TransformError> {
        let padding = 2 * u64::from(self.padding);
        let follow = |side: u32, this: u32, other: u32| {
            let room = u64::from(side).saturating_sub(padding);
            (room * u64::from(this) + u64::from(other) / 2) / u64::from(other.max(1)).max(1)
        };
        let (width, height) = match (self.width, self.height) {
            (Some(width), Some(height)) => (u64::from(width), u64::from(height)),
            (Some(width), None) => (width.into(), follow(width, picture.1, picture.0).max(1) + padding),
            (None, Some(height)) => (follow(height, picture.0, picture.1).max(1) + padding, height.into()),
            (None, None) => (u64::from(picture.0) + padding, u64::from(picture.1) + padding),
        };
        let side = |side: u64| u32::try_from(side).ok().filter(|side| (1..=MAX_SIDE).contains(side));
        match (side(width), side(height)) {
            (Some(w), Some(h)) if width * height <= MAX_PIXELS => Ok((w, h)),
            _ => Err(TransformError::TooLarge(width, height)),
        }
    }
}

/// Returns the largest size with the aspect of `size` that fits into `room`, at least 1 by 1.
fn contain(size: (u32, u32), room: (u32, u32)) -> (u32, u32) {
    let scaled = |side: u32, to: u32, from: u32, max: u32| {
        let (to, from) = (u64::from(to), u64::from(from.max(1)));
        let side = (u64::from(side) * to + from / 2) / from;
        u32::try_from(side).unwrap_or(max).clamp(1, max)
    };
    if u64::from(size.0) * u64::from(room.1) >= u64::from(size.1) * u64::from(room.0) {
        (room.0, scaled(size.1, room.0, size.0, room.1))
    } else {
        (scaled(size.0, room.1, size.1, room.0), room.1)
    }
}

/// Returns whether a picture of `size` that is scaled to one side of `other` has the second side too, but for rounding
/// to whole pixels.
fn has_aspect(size: (u32, u32), other: (u32, u32)) -> bool {
    let (width, height) = (u64::from(size.0), u64::from(size.1));
    let difference = (u64::from(other.0) * height).abs_diff(u64::from(other.1) * width);
    difference <= width.max(height).div_ceil(2)
}

#[cfg(test)]
mod tests;
