//! Shows where two pictures differ.

use super::Edit;
use super::difference::{TOLERANCE, compare_rows};
use crate::Picture;

/// The color of a changed pixel.
const COLOR: [u8; 3] = [255, 32, 0];
/// The alpha of the smallest change.
const FAINTEST: u8 = 96;
/// Levels of alpha differ by this much: few levels compress well.
const STEP: u8 = 32;

impl Edit<'_> {
    /// Draws the changes, to be laid over the base: unchanged pixels are transparent, changed ones are red, and the
    /// more a pixel has changed, the less transparent it is.
    pub fn to_heat_map(&self) -> Picture {
        let Picture { width, height, .. } = *self.base;
        let row_bytes = width as usize * 4;
        let mut rgba = Vec::with_capacity(self.base.rgba.len());
        let mut differences = vec![0; width as usize];
        let rows = self.base.rgba.chunks_exact(row_bytes).zip(self.edited.rgba.chunks_exact(row_bytes));
        for (base_row, edited_row) in rows {
            compare_rows(base_row, edited_row, &mut differences);
            rgba.extend(differences.iter().flat_map(|difference| pixel(*difference)));
        }
        Picture { width, height, rgba, icc_profile: None }
    }
}

fn pixel(difference: u8) -> [u8; 4] {
    let [r, g, b] = COLOR;
    if difference <= TOLERANCE {
        return [r, g, b, 0];
    }
    [r, g, b, FAINTEST.saturating_add(difference / STEP * STEP)]
}
