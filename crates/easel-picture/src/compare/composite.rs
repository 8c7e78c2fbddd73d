//! Puts the pixels that an edit had to leave alone back in their place.

use super::feather::{self, FULL};
use super::{Comparison, Edit, Mask};
use crate::{Features, Picture};

/// The widest feather, in pixels.
pub const MAX_FEATHER: u32 = 64;

/// The most tags of a color profile that are searched.
const MAX_TAGS: usize = 100;

/// An edit with the protected pixels of its base.
#[derive(Debug)]
pub struct Composite {
    /// The picture, in the size and the colors of the base.
    pub picture: Picture,
    /// Over how many pixels inside the widest part of the mask the two pictures blend: fewer than asked for if the mask
    /// is narrow.
    pub feather: u32,
}

/// Why the protected pixels cannot be put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CompositeError {
    /// The edit shows another section of the picture, or a stretched one.
    #[error("the aspect ratio differs from that of the edited image by more than 1 %")]
    AspectChanged,
    /// The two pictures would not meet at the edge of the mask.
    #[error("the picture has moved by {x} pixels to the right and {y} down, so a seam would be seen")]
    Shifted {
        /// To the right.
        x: i32,
        /// Down.
        y: i32,
    },
    /// Nothing would be left of the edit.
    #[error("the mask has no fully transparent pixel")]
    NothingInside,
    /// Nothing is protected.
    #[error("the mask is transparent everywhere")]
    NothingOutside,
    /// A composite has one frame.
    #[error("the edited image is an animation")]
    Animated,
    /// A composite has 8 bits a channel, so that its pixels would not equal those of the base.
    #[error("the edited image has more than 8 bits a channel")]
    Deep,
    /// The pixels of the two files do not mean the same colors.
    #[error("the two images have different color profiles")]
    OtherProfile,
}

impl CompositeError {
    /// Returns the name of the reason, for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AspectChanged => "aspectChanged",
            Self::Shifted { .. } => "shifted",
            Self::NothingInside => "nothingInside",
            Self::NothingOutside => "nothingOutside",
            Self::Animated => "animated",
            Self::Deep => "deep",
            Self::OtherProfile => "otherProfile",
        }
    }
}

impl Features {
    /// Checks that a composite can have what the file of its base has.
    ///
    /// # Errors
    ///
    /// [`CompositeError::Animated`] and [`CompositeError::Deep`].
    pub fn allow_composite(self) -> Result<(), CompositeError> {
        match self {
            Self { animated: true, .. } => Err(CompositeError::Animated),
            Self { deep: true, .. } => Err(CompositeError::Deep),
            Self { animated: false, deep: false } => Ok(()),
        }
    }
}

impl Edit<'_> {
    /// Takes the pixels outside the mask from the base, exactly, and the others from the edit. Both blend over
    /// `feather` pixels inside the mask.
    ///
    /// # Errors
    ///
    /// Why the result would be worse than the edit. `comparison` must be that of this edit.
    pub fn composite(&self, comparison: &Comparison, mask: &Mask, feather: u32) -> Result<Composite, CompositeError> {
        if self.aspect_changed {
            return Err(CompositeError::AspectChanged);
        }
        if let Some((x, y)) = comparison.shift {
            return Err(CompositeError::Shifted { x, y });
        }
        if mask.inside().iter().all(|inside| *inside == 0) {
            return Err(CompositeError::NothingInside);
        }
        if mask.inside().iter().all(|inside| *inside > 0) {
            return Err(CompositeError::NothingOutside);
        }
        if !have_same_colors(self.base, &self.edited) {
            return Err(CompositeError::OtherProfile);
        }
        let (weights, feather) = feather::weights(mask.inside(), self.base.width as usize, feather.min(MAX_FEATHER));
        let pixels = self.base.rgba.as_chunks::<4>().0.iter().zip(self.edited.rgba.as_chunks::<4>().0);
        let rgba = pixels.zip(&weights).flat_map(|((base, edited), weight)| blend(*base, *edited, *weight)).collect();
        let Picture { width, height, .. } = *self.base;
        let icc_profile = self.base.icc_profile.clone();
        Ok(Composite { picture: Picture { width, height, rgba, icc_profile }, feather })
    }
}

/// Returns whether equal pixels of the two pictures have the same color. Without a profile, colors are sRGB.
fn have_same_colors(a: &Picture, b: &Picture) -> bool {
    let profile = |picture: &Picture| picture.icc_profile.clone().filter(|profile| !is_srgb(profile));
    profile(a) == profile(b)
}

/// Returns whether the description of a profile begins with `sRGB` (ICC.1:2022, 7.3 and 9.2.41). Other profiles may
/// name sRGB too: as what they were made from, or to say what they are not.
fn is_srgb(profile: &[u8]) -> bool {
    let number = |at: usize| {
        let bytes = profile.get(at..)?.first_chunk::<4>()?;
        usize::try_from(u32::from_be_bytes(*bytes)).ok()
    };
    let description = || {
        let tags = number(128)?.min(MAX_TAGS);
        let tag = (0..tags).map(|tag| 132 + tag * 12).find(|tag| profile.get(*tag..*tag + 4) == Some(b"desc"))?;
        let (start, size) = (number(tag + 4)?, number(tag + 8)?);
        let tag = profile.get(start..start.checked_add(size)?)?;
        let text_start = match tag.first_chunk::<4>()? {
            b"desc" => 12,
            // The first of the translations.
            b"mluc" => number(start + 24)?,
            _ => return None,
        };
        tag.get(text_start..)
    };
    description().is_some_and(|text| text.starts_with(b"sRGB") || text.starts_with(b"\0s\0R\0G\0B"))
}

/// Blends two pixels with straight alpha.
pub(super) fn blend(base: [u8; 4], edited: [u8; 4], weight: u16) -> [u8; 4] {
    let (full, edit) = (u32::from(FULL), u32::from(weight));
    if edit == 0 || base == edited {
        return base;
    }
    if edit == full {
        return edited;
    }
    let base_alpha = u32::from(base[3]) * (full - edit);
    let edit_alpha = u32::from(edited[3]) * edit;
    let alpha = base_alpha + edit_alpha;
    if alpha == 0 {
        return base;
    }
    let channel = |at: usize| {
        let sum = u32::from(base[at]) * base_alpha + u32::from(edited[at]) * edit_alpha;
        ((sum + alpha / 2) / alpha) as u8
    };
    [channel(0), channel(1), channel(2), ((alpha + full / 2) / full) as u8]
}
