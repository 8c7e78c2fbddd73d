//! Finds out whether a picture as a whole has moved.
//!
//! A shift is claimed only if it explains most of what differs, and if no other shift does so too: a flat picture or a
//! periodic one has many that fit. Only the edges of what the base shows count: however much of a picture is flat, it
//! says nothing about a shift, and must not hide one.

use std::iter::StepBy;
use std::ops::Range;

use super::Mask;
use crate::Picture;

/// Pixels of a cell on each side. The search runs on the mean brightness of cells.
const CELL: usize = 4;
/// How far the search goes in each direction, in cells: 32 pixels.
const RANGE: i32 = 8;
/// The longest shift that is reported, in pixels.
const MAX_SHIFT: i32 = RANGE * CELL as i32;
/// The shortest shift that is reported, in pixels.
const SHORTEST: i32 = 4;
/// A difference in brightness counts up to this: what was edited must not outweigh the rest of the picture.
const CAP: u8 = 24;
/// Also that of a single pixel, with room for the soft edges of a picture that was scaled.
const PIXEL_CAP: u8 = 96;
/// A cell has an edge if the brightness around it differs by more than this.
const FLAT: u8 = 4;
/// The fewest cells with an edge that can tell.
const FEWEST_EDGES: usize = 24;
/// Below this mean difference of the edges, pictures lie on each other.
const ALIGNED: f64 = 1.0;
/// The best shift of cells must leave less than this part of the difference, and that of pixels less than half. A shift
/// of cells leaves up to half a cell.
const COARSE_PART: f64 = 0.8;
/// The sum of as many values of 8 bits fits 16 bits, in which it is calculated faster than in 64.
const CHUNK: usize = 256;
/// About as many rows decide about single pixels.
const ROWS: usize = 256;

/// The brightness of a picture.
struct Plane {
    width: usize,
    height: usize,
    values: Vec<u8>,
    /// 255 for a value that counts, else 0.
    counts: Vec<u8>,
}

/// Returns how far the picture has moved to the right and down, if that is clear.
pub(super) fn find(base: &Picture, edited: &Picture, mask: Option<&Mask>) -> Option<(i32, i32)> {
    let (mut pixels, moved) = (Plane::new(base), Plane::new(edited));
    let mut coarse = pixels.to_cells();
    let outside = mask.map(|mask| cells(mask.inside(), pixels.width, 0));
    // A mask that leaves next to nothing cannot tell.
    let outside = outside.filter(|cells| cells.iter().filter(|counts| **counts > 0).count() * 20 >= cells.len());
    coarse.count_edges(outside.as_deref().unwrap_or_default());
    let (cell_x, cell_y) = coarse.search(&moved.to_cells())?;
    pixels.count_cells(&coarse);
    let (near_x, near_y) = (cell_x * CELL as i32, cell_y * CELL as i32);
    let around = |near: i32| {
        let reach = CELL as i32 - 1;
        (near - reach).max(-MAX_SHIFT)..=(near + reach).min(MAX_SHIFT)
    };
    let candidates = around(near_y).flat_map(|y| around(near_x).map(move |x| (x, y)));
    let margin = near_x.unsigned_abs().max(near_y.unsigned_abs()) as usize + CELL;
    let sample = Sample::new(&pixels, margin, (pixels.height / ROWS).max(1), PIXEL_CAP)?;
    let score = |shift| sample.mean_difference(&moved, shift, f64::MAX).unwrap_or(f64::MAX);
    let ((x, y), best) = candidates.map(|shift| (shift, score(shift))).min_by(|a, b| a.1.total_cmp(&b.1))?;
    if best * 2.0 > score((0, 0)) {
        return None;
    }
    (x * x + y * y >= SHORTEST * SHORTEST).then_some((x, y))
}

impl Plane {
    fn new(picture: &Picture) -> Self {
        // In 16 bits, which processors calculate eight or sixteen at a time. The last line divides by 255.
        let brightness = |[r, g, b, a]: &[u8; 4]| {
            let opaque = (u16::from(*r) * 77 + u16::from(*g) * 150 + u16::from(*b) * 29) >> 8;
            let times_alpha = opaque * u16::from(*a);
            ((times_alpha + 1 + (times_alpha >> 8)) >> 8) as u8
        };
        let values = picture.rgba.as_chunks::<4>().0.iter().map(brightness).collect();
        Self { width: picture.width as usize, height: picture.height as usize, values, counts: Vec::new() }
    }

    /// Returns the mean of each cell. Pixels at the right and the bottom that fill no cell are left out.
    fn to_cells(&self) -> Self {
        let (width, height) = (self.width / CELL, self.height / CELL);
        let mut values = Vec::with_capacity(width * height);
        let rows: Vec<&[u8]> = self.values.chunks_exact(self.width).collect();
        for rows in rows.chunks_exact(CELL) {
            let mut sums = vec![0_u16; width];
            for row in rows {
                for (sum, cell) in sums.iter_mut().zip(row.as_chunks::<CELL>().0) {
                    *sum += cell.iter().map(|value| u16::from(*value)).sum::<u16>();
                }
            }
            values.extend(sums.iter().map(|sum| (sum / (CELL * CELL) as u16) as u8));
        }
        Self { width, height, values, counts: Vec::new() }
    }

    /// Lets only values at edges count, and of those only the ones in `outside`, unless that is empty.
    fn count_edges(&mut self, outside: &[u8]) {
        let rows: Vec<&[u8]> = self.values.chunks_exact(self.width.max(1)).collect();
        let mut counts = Vec::with_capacity(self.values.len());
        let (mut lowest, mut highest) = (vec![0; self.width], vec![0; self.width]);
        for y in 0..rows.len() {
            lowest.copy_from_slice(rows[y]);
            highest.copy_from_slice(rows[y]);
            for row in &rows[y.saturating_sub(1)..(y + 2).min(rows.len())] {
                lowest.iter_mut().zip(*row).for_each(|(lowest, value)| *lowest = (*lowest).min(*value));
                highest.iter_mut().zip(*row).for_each(|(highest, value)| *highest = (*highest).max(*value));
            }
            let range = |columns: Range<usize>| {
                let low = lowest[columns.clone()].iter().copied().fold(u8::MAX, u8::min);
                highest[columns].iter().copied().fold(0, u8::max) - low
            };
            let is_edge = |range: u8| if range > FLAT { u8::MAX } else { 0 };
            counts.extend((0..self.width.min(1)).map(|_| is_edge(range(0..self.width.min(2)))));
            counts.extend((2..self.width).map(|x| is_edge(range(x - 2..x + 1))));
            counts.extend((1..self.width).last().map(|x| is_edge(range(x - 1..x + 1))));
        }
        counts.iter_mut().zip(outside).for_each(|(counts, outside)| *counts &= outside);
        self.counts = counts;
    }

    /// Lets the values count whose cells count.
    fn count_cells(&mut self, cells: &Self) {
        let mut counts = Vec::with_capacity(self.values.len());
        for row in cells.counts.chunks_exact(cells.width.max(1)) {
            let start = counts.len();
            counts.extend(row.iter().flat_map(|counts| [*counts; CELL]));
            counts.resize(start + self.width, 0);
            (1..CELL).for_each(|_| counts.extend_from_within(start..start + self.width));
        }
        counts.resize(self.values.len(), 0);
        self.counts = counts;
    }

    /// Returns the shift in cells that explains the difference, or `None` if no shift or several do. Never returns
    /// `(0, 0)`.
    fn search(&self, moved: &Self) -> Option<(i32, i32)> {
        if self.counts.iter().filter(|counts| **counts > 0).count() < FEWEST_EDGES {
            return None;
        }
        let range = RANGE.min(i32::try_from(self.width.min(self.height) / 4).ok()?);
        let sample = Sample::new(self, range as usize, 1, CAP)?;
        let unmoved = sample.mean_difference(moved, (0, 0), f64::MAX).filter(|unmoved| *unmoved >= ALIGNED)?;
        let mut scores = Vec::new();
        let mut best = unmoved;
        for y in -range..=range {
            for x in -range..=range {
                // A score that is worse than this decides nothing.
                let score = sample.mean_difference(moved, (x, y), as_good_as(best))?;
                best = best.min(score);
                scores.push(((x, y), score));
            }
        }
        let ((x, y), best) = scores.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1))?;
        let is_other = |other: &(i32, i32)| (other.0 - x).abs().max((other.1 - y).abs()) > 1;
        let is_ambiguous = scores.iter().any(|(other, score)| is_other(other) && *score <= as_good_as(best));
        (best < unmoved * COARSE_PART && !is_ambiguous).then_some((x, y))
    }
}

/// Returns the score up to which a shift explains the difference as well as the best one.
fn as_good_as(best: f64) -> f64 {
    best * 1.2 + 0.25
}

/// The values of a plane that are compared: those that count, without a margin, of every `row_step`th row.
struct Sample<'a> {
    plane: &'a Plane,
    margin: usize,
    columns: usize,
    row_step: usize,
    /// A difference counts up to this.
    cap: u8,
    /// Values that count.
    count: u64,
}

impl<'a> Sample<'a> {
    /// Returns `None` if nothing counts.
    fn new(plane: &'a Plane, margin: usize, row_step: usize, cap: u8) -> Option<Self> {
        let columns = plane.width.checked_sub(2 * margin).filter(|columns| *columns > 0)?;
        let mut sample = Self { plane, margin, columns, row_step, cap, count: 0 };
        for y in sample.rows()? {
            let counts = plane.counts.get(sample.range_of(y, 0))?;
            sample.count += sum(counts.chunks(CHUNK), |chunk| chunk.iter().map(|counts| u16::from(counts & 1)).sum());
        }
        (sample.count > 0).then_some(sample)
    }

    fn rows(&self) -> Option<StepBy<Range<usize>>> {
        Some((self.margin..self.plane.height.checked_sub(self.margin)?).step_by(self.row_step))
    }

    /// Returns where the values of a row are that has moved to the right.
    fn range_of(&self, y: usize, dx: i32) -> Range<usize> {
        let start = (y * self.plane.width + self.margin).saturating_add_signed(dx as isize);
        start..start + self.columns
    }

    /// Returns the mean difference to a plane that has moved, or something above `limit` if it is above `limit`.
    /// Returns `None` if the plane does not have the rows.
    fn mean_difference(&self, moved: &Plane, (dx, dy): (i32, i32), limit: f64) -> Option<f64> {
        let (mut total, count) = (0, self.count as f64);
        for y in self.rows()? {
            let here = self.range_of(y, 0);
            let there = self.range_of(y.checked_add_signed(dy as isize)?, dx);
            let values = self.plane.values.get(here.clone())?.chunks(CHUNK);
            let rows =
                values.zip(moved.values.get(there)?.chunks(CHUNK)).zip(self.plane.counts.get(here)?.chunks(CHUNK));
            total += sum(rows, |((values, moved), counts)| {
                let pairs = values.iter().zip(moved).zip(counts);
                pairs.map(|((a, b), counts)| u16::from(a.abs_diff(*b).min(self.cap) & counts)).sum()
            });
            if total as f64 > limit * count {
                break;
            }
        }
        Some(total as f64 / count)
    }
}

/// Adds up the sums of chunks.
fn sum<T>(chunks: impl Iterator<Item = T>, sum_of_chunk: impl Fn(T) -> u16) -> u64 {
    chunks.map(|chunk| u64::from(sum_of_chunk(chunk))).sum()
}

/// Returns for each cell whether all of its values are `value`, as 255 or 0.
fn cells(values: &[u8], width: usize, value: u8) -> Vec<u8> {
    let rows: Vec<&[u8]> = values.chunks_exact(width).collect();
    let mut cells = Vec::with_capacity(values.len() / (CELL * CELL));
    for rows in rows.chunks_exact(CELL) {
        let mut are_all = vec![u8::MAX; width / CELL];
        for row in rows {
            for (are_all, cell) in are_all.iter_mut().zip(row.as_chunks::<CELL>().0) {
                *are_all &= if *cell == [value; CELL] { u8::MAX } else { 0 };
            }
        }
        cells.extend(are_all);
    }
    cells
}
