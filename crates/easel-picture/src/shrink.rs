//! Scales a picture down by averaging, one row at a time.

use crate::Picture;

/// Averages the rows of a large picture into a smaller one.
///
/// Each source pixel counts with the area by which it overlaps a target pixel, and with its alpha. The weights are
/// whole numbers, so the result is exact and the same on every machine. Besides the target, two rows of sums are in
/// memory.
pub(crate) struct Shrink {
    from: (u32, u32),
    to: (u32, u32),
    /// Sums of one source row per target column: red, green and blue times alpha, and alpha.
    line: Vec<[u64; 4]>,
    /// Sums of the target row that is being filled.
    sums: Vec<[u64; 4]>,
    /// Rows that were added.
    next: u32,
    rgba: Vec<u8>,
}

impl Shrink {
    /// `to` must not be larger than `from` in either direction; both are at least 1.
    pub(crate) fn new(from: (u32, u32), to: (u32, u32)) -> Self {
        let columns = to.0 as usize;
        let capacity = columns * to.1 as usize * 4;
        let rgba = Vec::with_capacity(capacity);
        Self { from, to, line: vec![[0; 4]; columns], sums: vec![[0; 4]; columns], next: 0, rgba }
    }

    /// Adds the next row: grey (1 channel), grey and alpha (2), RGB (3) or RGBA (4) samples.
    pub(crate) fn row(&mut self, row: &[u8], channels: usize) {
        if self.next >= self.from.1 {
            return;
        }
        if self.from == self.to {
            self.next += 1;
            self.rgba.extend(row.chunks_exact(channels.max(1)).take(self.from.0 as usize).flat_map(rgba));
            return;
        }
        match channels {
            1 => self.average::<1>(row),
            2 => self.average::<2>(row),
            3 => self.average::<3>(row),
            _ => self.average::<4>(row),
        }
        // The unit is such that a target row is `from.1` units high and a source row `to.1`.
        let (source, target) = (u64::from(self.to.1), u64::from(self.from.1));
        let start = u64::from(self.next) * source;
        let end = start + source;
        let boundary = (start / target + 1) * target;
        self.add(end.min(boundary) - start);
        if end >= boundary {
            self.finish_row();
            if end > boundary {
                self.add(end - boundary);
            }
        }
        self.next += 1;
    }

    /// Sums one source row into `line`.
    fn average<const CHANNELS: usize>(&mut self, row: &[u8]) {
        let (source, target) = (u64::from(self.to.0), u64::from(self.from.0));
        let (mut column, mut room) = (0_usize, target);
        let mut sum = [0; 4];
        for sample in row.as_chunks::<CHANNELS>().0.iter().take(self.from.0 as usize) {
            let [r, g, b, a] = rgba(sample).map(u64::from);
            let pixel = [r * a, g * a, b * a, a];
            if source < room {
                add(&mut sum, pixel, source);
                room -= source;
                continue;
            }
            add(&mut sum, pixel, room);
            if let Some(line) = self.line.get_mut(column) {
                *line = sum;
            }
            column += 1;
            let rest = source - room;
            room = target - rest;
            sum = [0; 4];
            add(&mut sum, pixel, rest);
        }
    }

    fn add(&mut self, weight: u64) {
        for (sum, line) in self.sums.iter_mut().zip(&self.line) {
            add(sum, *line, weight);
        }
    }

    fn finish_row(&mut self) {
        let area = u64::from(self.from.0) * u64::from(self.from.1);
        for sum in &mut self.sums {
            let [r, g, b, a] = *sum;
            let channel = |value: u64| byte((value + a / 2).checked_div(a).unwrap_or(0));
            self.rgba.extend([channel(r), channel(g), channel(b), byte((a + area / 2) / area)]);
            *sum = [0; 4];
        }
    }

    /// Returns the picture, or `None` if rows are missing.
    pub(crate) fn finish(self) -> Option<Picture> {
        let (width, height) = self.to;
        let is_whole = self.rgba.len() == width as usize * height as usize * 4;
        is_whole.then_some(Picture { width, height, rgba: self.rgba, icc_profile: None })
    }
}

fn add(sum: &mut [u64; 4], pixel: [u64; 4], weight: u64) {
    for (sum, value) in sum.iter_mut().zip(pixel) {
        *sum += value * weight;
    }
}

fn byte(value: u64) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

fn rgba(sample: &[u8]) -> [u8; 4] {
    match *sample {
        [grey] => [grey, grey, grey, u8::MAX],
        [grey, alpha] => [grey, grey, grey, alpha],
        [r, g, b] => [r, g, b, u8::MAX],
        [r, g, b, alpha, ..] => [r, g, b, alpha],
        [] => [0; 4],
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shrink(from: (u32, u32), to: (u32, u32), samples: &[u8], channels: usize) -> Vec<u8> {
        let mut shrink = Shrink::new(from, to);
        for row in samples.chunks_exact(from.0 as usize * channels) {
            shrink.row(row, channels);
        }
        shrink.finish().expect("all rows").rgba
    }

    #[test]
    fn same_size_is_a_copy() {
        let samples: Vec<u8> = (0..24).collect();
        assert_eq!(shrink((3, 2), (3, 2), &samples, 4), samples);
    }

    #[test]
    fn two_pixels_become_their_mean() {
        assert_eq!(shrink((2, 1), (1, 1), &[10, 20], 1), [15, 15, 15, 255]);
        assert_eq!(shrink((1, 2), (1, 1), &[0, 0, 0, 255, 255, 255], 3), [128, 128, 128, 255]);
    }

    #[test]
    fn pixel_between_two_targets_counts_in_both() {
        // Three pixels become two: the middle one counts half in each.
        assert_eq!(shrink((3, 1), (2, 1), &[30, 60, 90], 1), [40, 40, 40, 255, 80, 80, 80, 255]);
    }

    #[test]
    fn transparent_pixels_do_not_darken_their_neighbours() {
        assert_eq!(shrink((2, 1), (1, 1), &[200, 100, 50, 255, 0, 0, 0, 0], 4), [200, 100, 50, 128]);
    }

    #[test]
    fn missing_rows_give_no_picture() {
        let mut shrink = Shrink::new((2, 2), (1, 1));
        shrink.row(&[1, 2], 1);
        assert!(shrink.finish().is_none());
    }

    proptest! {
        #[test]
        fn one_color_stays_that_color(
            from in (1_u32..40, 1_u32..40),
            part in (0.01_f64..1.0, 0.01_f64..1.0),
            color in any::<[u8; 3]>(),
        ) {
            let edge = |edge: u32, part: f64| ((f64::from(edge) * part) as u32).max(1);
            let to = (edge(from.0, part.0), edge(from.1, part.1));
            let samples: Vec<u8> = (0..from.0 * from.1).flat_map(|_| color).collect();
            let shrunk = shrink(from, to, &samples, 3);
            prop_assert!(shrunk.chunks_exact(4).all(|pixel| pixel[..3] == color && pixel[3] == 255));
        }
    }
}
