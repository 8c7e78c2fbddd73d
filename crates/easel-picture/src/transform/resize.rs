//! Scales a part of a picture up or down.

use std::borrow::Cow;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use super::TransformError;
use crate::Picture;

/// A part of a picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) left: u32,
    pub(super) top: u32,
    /// Width and height, at least 1.
    pub(super) size: (u32, u32),
}

impl Area {
    /// Returns the middle of the area with this size, which is not larger.
    pub(super) fn middle(self, size: (u32, u32)) -> Self {
        let left = self.left + (self.size.0 - size.0) / 2;
        let top = self.top + (self.size.1 - size.1) / 2;
        Self { left, top, size }
    }
}

impl Picture {
    /// Returns the area of the whole picture.
    pub(super) fn area(&self) -> Area {
        Area { left: 0, top: 0, size: (self.width, self.height) }
    }

    /// Returns the pixels of an area.
    fn crop(&self, area: Area) -> Cow<'_, [u8]> {
        if area == self.area() {
            return Cow::Borrowed(&self.rgba);
        }
        let (width, height) = (area.size.0 as usize * 4, area.size.1 as usize);
        let start = area.left as usize * 4;
        let mut rgba = Vec::with_capacity(width * height);
        for row in self.rgba.chunks_exact(self.width as usize * 4).skip(area.top as usize).take(height) {
            rgba.extend_from_slice(&row[start..start + width]);
        }
        Cow::Owned(rgba)
    }

    /// Returns the picture scaled to a size, which need not have the same aspect.
    ///
    /// # Errors
    ///
    /// [`TransformError::Scale`] for a side of 0 pixels.
    pub fn stretch(&self, width: u32, height: u32) -> Result<Self, TransformError> {
        self.resize(self.area(), (width, height))
    }

    /// Returns an area of the picture, scaled to `size` with a Lanczos filter of three lobes.
    ///
    /// Colors count with their alpha, so transparent pixels do not darken their neighbours. The weights of the filter
    /// are rounded to whole numbers, and the sums are whole numbers too, so that the variants for the instruction sets
    /// of processors give the same bytes.
    pub(super) fn resize(&self, area: Area, size: (u32, u32)) -> Result<Self, TransformError> {
        // The filter must not see what was cut off.
        let part = self.crop(area);
        let ((width, height), icc_profile) = (size, self.icc_profile.clone());
        if size == area.size {
            return Ok(Self { width, height, rgba: part.into_owned(), icc_profile });
        }
        let scale = |error: Box<dyn std::error::Error + Send + Sync>| TransformError::Scale(error);
        let source = ImageRef::new(area.size.0, area.size.1, &part, PixelType::U8x4);
        let source = source.map_err(|error| scale(error.into()))?;
        let mut target = Image::new(width, height, PixelType::U8x4);
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
        Resizer::new().resize(&source, &mut target, &options).map_err(|error| scale(error.into()))?;
        Ok(Self { width, height, rgba: target.into_vec(), icc_profile })
    }
}
