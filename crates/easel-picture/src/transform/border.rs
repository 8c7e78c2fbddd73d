//! Finds the part of a picture without its border.

use super::resize::Area;
use crate::Picture;

/// How far a channel of a pixel may be from the border: the noise of a JPEG is less.
const TOLERANCE: u8 = 8;

impl Picture {
    /// Returns the smallest area with every pixel that is not border, or `None` if all pixels are. The border is
    /// transparent if the first pixel is, else it has the color of the corners. Corners of several colors are no
    /// border.
    pub(super) fn content(&self) -> Option<Area> {
        let (pixels, width) = (self.rgba.as_chunks::<4>().0, self.width as usize);
        let (first, last_row) = (*pixels.first()?, pixels.len() - width);
        let corners = [width - 1, last_row, pixels.len() - 1];
        let is_border: fn([u8; 4], [u8; 4]) -> bool = if first[3] <= TOLERANCE {
            |pixel, _| pixel[3] <= TOLERANCE
        } else {
            |pixel, first| pixel.iter().zip(first).all(|(value, first)| value.abs_diff(first) <= TOLERANCE)
        };
        if !corners.iter().all(|corner| is_border(pixels[*corner], first)) {
            return Some(self.area());
        }
        let is_content = |pixel: &[u8; 4]| !is_border(*pixel, first);
        let mut rows = pixels.chunks_exact(width);
        let top = rows.position(|row| row.iter().any(is_content))?;
        let below = rows.rev().position(|row| row.iter().any(is_content)).unwrap_or(self.height as usize - top - 1);
        let rows = &pixels[top * width..pixels.len() - below * width];
        let (mut left, mut right) = (width, 0);
        for row in rows.chunks_exact(width) {
            left = left.min(row.iter().position(is_content).unwrap_or(width));
            right = right.max(row.iter().rposition(is_content).map_or(0, |column| column + 1));
        }
        let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
        let size = (side(right - left), side(rows.len() / width));
        Some(Area { left: side(left), top: side(top), size })
    }

    /// Returns the color of the outermost pixels if they all have the same, as [`Transform::trim`](super::Transform)
    /// compares colors, and are opaque.
    pub fn border_color(&self) -> Option<super::Color> {
        let (pixels, width) = (self.rgba.as_chunks::<4>().0, self.width as usize);
        let first = *pixels.first()?;
        let is_border = |pixel: &[u8; 4]| {
            pixel[3] == u8::MAX && pixel.iter().zip(first).all(|(value, first)| value.abs_diff(first) <= TOLERANCE)
        };
        let mut rows = pixels.chunks_exact(width);
        let (top, bottom) = (rows.next()?, rows.next_back());
        let ends = rows.flat_map(|row| [row.first(), row.last()]).flatten();
        let outermost = top.iter().chain(bottom.unwrap_or_default()).chain(ends);
        outermost.into_iter().all(is_border).then_some(super::Color([first[0], first[1], first[2]]))
    }
}
