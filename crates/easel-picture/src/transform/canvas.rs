//! Places pictures on others, and fills what is transparent.

use std::str::FromStr;

use crate::Picture;

/// An opaque color: red, green and blue, as in the pixels of the picture that it fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Color(pub [u8; 3]);

/// A text is not a color.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a color such as #ffffff")]
pub struct ColorError;

impl FromStr for Color {
    type Err = ColorError;

    /// Parses `#rrggbb`.
    fn from_str(text: &str) -> Result<Self, ColorError> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && !digits.starts_with('+'));
        let value = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).ok_or(ColorError)?;
        let [_, r, g, b] = value.to_be_bytes();
        Ok(Self([r, g, b]))
    }
}

impl Picture {
    /// Returns a picture without content: of one color, or transparent.
    pub fn blank(width: u32, height: u32, background: Option<Color>) -> Self {
        let pixel = background.map_or([0; 4], |Color([r, g, b])| [r, g, b, u8::MAX]);
        Self { width, height, rgba: pixel.repeat(width as usize * height as usize), icc_profile: None }
    }

    /// Replaces the pixels from `left` and `top` on with those of `other`. What does not fit is left out.
    pub fn place(&mut self, other: &Self, left: u32, top: u32) {
        let (width, other_width) = (self.width as usize * 4, (other.width as usize * 4).max(4));
        let start = (left as usize * 4).min(width);
        let len = other_width.min(width - start);
        let rows = self.rgba.chunks_exact_mut(width.max(1)).skip(top as usize);
        for (row, other) in rows.zip(other.rgba.chunks_exact(other_width)) {
            row[start..start + len].copy_from_slice(&other[..len]);
        }
    }

    /// Mixes every pixel with a background, and makes it opaque.
    pub fn fill(&mut self, Color(background): Color) {
        for [color @ .., alpha] in self.rgba.as_chunks_mut::<4>().0 {
            let (over, under) = (u16::from(*alpha), u16::from(u8::MAX - *alpha));
            for (value, below) in color.iter_mut().zip(background) {
                let mixed = (u32::from(*value) * u32::from(over) + u32::from(below) * u32::from(under) + 127) / 255;
                *value = u8::try_from(mixed).unwrap_or(u8::MAX);
            }
            *alpha = u8::MAX;
        }
    }

    /// Returns the picture in the middle of a canvas, with the background below it.
    pub(super) fn on_canvas(mut self, canvas: (u32, u32), background: Option<Color>) -> Self {
        background.into_iter().for_each(|color| self.fill(color));
        if canvas == (self.width, self.height) {
            return self;
        }
        let mut whole = Self::blank(canvas.0, canvas.1, background);
        whole.icc_profile = self.icc_profile.take();
        whole.place(&self, (canvas.0 - self.width) / 2, (canvas.1 - self.height) / 2);
        whole
    }
}
