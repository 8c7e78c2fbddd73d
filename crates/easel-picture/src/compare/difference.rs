//! Counts the pixels that differ.

use super::Mask;
use crate::Picture;

/// A pixel counts as changed if one of its channels differs by more than this.
///
/// A copy as PNG has no difference. Of the pixels of a generated picture, a JPEG of quality 90 changes up to 6 % by
/// more than that, with a mean difference below 3.
pub const TOLERANCE: u8 = 8;

/// Damage that a person sees changes pixels by more than this, and noise next to an edge does not change many of them.
const STRONG: u8 = 32;
/// Pixels of a block on each side.
const BLOCK: usize = 8;
/// The pixels of a block that must differ by more than [`STRONG`].
const DAMAGED_PIXELS: u8 = 48;

/// The pixels of a part of a picture.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChangedPixels {
    /// Their number.
    pub pixels: u64,
    /// How many of them have changed.
    pub changed: u64,
    /// The mean of the largest difference of a channel, from 0 to 255; 0 without a pixel.
    pub mean_difference: f64,
    /// Blocks of 8 by 8 pixels in which three quarters of the pixels differ by more than 32.
    pub damaged_blocks: u64,
    /// The smallest box with all changed pixels.
    pub bounds: Option<PixelBox>,
}

/// A rectangle of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PixelBox {
    /// The first column.
    pub x: u32,
    /// The first row.
    pub y: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

/// Counts for one area, row by row.
#[derive(Default)]
struct Counter {
    pixels: u64,
    changed: u64,
    sum: u64,
    /// First and last column, first and last row with a changed pixel.
    extent: Option<[u32; 4]>,
    /// Strongly changed pixels of each block of the current row of blocks; empty without one.
    strong: Vec<u8>,
    damaged_blocks: u64,
}

/// Compares two pictures of one size, outside and inside a mask. Everything is inside without one.
pub(super) fn measure(base: &Picture, edited: &Picture, mask: Option<&Mask>) -> (Option<ChangedPixels>, ChangedPixels) {
    let width = base.width as usize;
    let (mut outside, mut inside) = (Counter::default(), Counter::default());
    let mut differences = vec![0; width];
    // Without a mask, one row of a mask serves all.
    let whole = vec![u8::MAX; width];
    let rows = base.rgba.chunks_exact(width * 4).zip(edited.rgba.chunks_exact(width * 4));
    for (y, (base_row, edited_row)) in (0_u32..).zip(rows) {
        compare_rows(base_row, edited_row, &mut differences);
        let Some(mask) = mask else {
            inside.add_row(y, &differences, &whole, u8::MAX);
            continue;
        };
        let start = y as usize * width;
        let mask_row = mask.inside().get(start..start + width).unwrap_or(&whole);
        outside.add_row(y, &differences, mask_row, 0);
        inside.add_row(y, &differences, mask_row, u8::MAX);
    }
    (mask.map(|_| outside.finish()), inside.finish())
}

/// Fills `differences` with the largest difference of a channel of each pixel.
pub(super) fn compare_rows(base: &[u8], edited: &[u8], differences: &mut [u8]) {
    let pixels = base.as_chunks::<4>().0.iter().zip(edited.as_chunks::<4>().0);
    for (difference, (a, b)) in differences.iter_mut().zip(pixels) {
        let largest = a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).fold(0, u8::max);
        // The colors of a pixel that nobody sees do not count.
        *difference = if a[3] | b[3] == 0 { 0 } else { largest };
    }
}

impl Counter {
    /// Adds the pixels of a row whose mask has the value `part`.
    fn add_row(&mut self, y: u32, differences: &[u8], mask: &[u8], part: u8) {
        let (mut pixels, mut changed, mut sum) = (0_u32, 0_u32, 0_u32);
        for (difference, mask) in differences.iter().zip(mask) {
            let counts = u32::from(*mask == part);
            pixels += counts;
            sum += counts * u32::from(*difference);
            changed += counts & u32::from(*difference > TOLERANCE);
        }
        self.pixels += u64::from(pixels);
        self.sum += u64::from(sum);
        if (y as usize).is_multiple_of(BLOCK) {
            self.finish_blocks();
        }
        if changed == 0 {
            return;
        }
        self.add_strong(differences, mask, part);
        self.changed += u64::from(changed);
        let has_changed = |(difference, mask): (&u8, &u8)| *difference > TOLERANCE && *mask == part;
        let mut row = differences.iter().zip(mask);
        let first = row.clone().position(has_changed).unwrap_or_default() as u32;
        let last = row.rposition(has_changed).unwrap_or_default() as u32;
        let [left, right, top, _] = self.extent.unwrap_or([first, last, y, y]);
        self.extent = Some([left.min(first), right.max(last), top, y]);
    }

    /// Adds the strongly changed pixels of a row to their blocks.
    fn add_strong(&mut self, differences: &[u8], mask: &[u8], part: u8) {
        self.strong.resize(differences.len().div_ceil(BLOCK), 0);
        let blocks = differences.chunks(BLOCK).zip(mask.chunks(BLOCK));
        for (strong, (differences, mask)) in self.strong.iter_mut().zip(blocks) {
            let pixels = differences.iter().zip(mask);
            *strong += pixels.map(|(difference, mask)| u8::from(*difference > STRONG && *mask == part)).sum::<u8>();
        }
    }

    /// Ends a row of blocks.
    fn finish_blocks(&mut self) {
        self.damaged_blocks += self.strong.iter().filter(|strong| **strong >= DAMAGED_PIXELS).count() as u64;
        self.strong.clear();
    }

    fn finish(mut self) -> ChangedPixels {
        self.finish_blocks();
        let bounds = self.extent.map(|[left, right, top, bottom]| PixelBox {
            x: left,
            y: top,
            width: right - left + 1,
            height: bottom - top + 1,
        });
        let mean_difference = self.sum as f64 / self.pixels.max(1) as f64;
        ChangedPixels {
            pixels: self.pixels,
            changed: self.changed,
            mean_difference,
            damaged_blocks: self.damaged_blocks,
            bounds,
        }
    }
}

impl ChangedPixels {
    /// Returns the changed pixels as a part of all, from 0 to 1; 0 without a pixel.
    pub fn share(&self) -> f64 {
        self.changed as f64 / self.pixels.max(1) as f64
    }
}
