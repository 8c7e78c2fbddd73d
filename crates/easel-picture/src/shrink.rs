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
    /// The source pixels of each target column.
    spans: Vec<Span>,
    /// Sums of one source row per target column: red, green and blue times alpha, and alpha.
    line: Vec<[u64; 4]>,
    /// Sums of the target row that is being filled.
    sums: Vec<[u64; 4]>,
    /// Rows that were added.
    next: u32,
    rgba: Vec<u8>,
}

/// The source pixels under one target column: the rest of a pixel that the column before it shares, whole pixels, and
/// the start of a pixel that the next column shares. The unit of width is such that a target column is as wide as the
/// number of source columns, and a source column as the number of target columns.
#[derive(Clone, Copy)]
struct Span {
    /// The first whole pixel.
    start: usize,
    /// The number of whole pixels.
    whole: usize,
    /// Width of the pixel before `start` that is in this column.
    before: u64,
    /// Width of the pixel after the whole ones that is in this column.
    after: u64,
}

impl Span {
    /// Returns the spans of all target columns.
    fn all(from: u32, to: u32) -> Vec<Self> {
        let (pixel, column) = (u64::from(to), u64::from(from));
        let (mut start, mut before) = (0, 0);
        let spans = (0..to).map(|_| {
            let (whole, after) = ((column - before) / pixel, (column - before) % pixel);
            let span = Self { start, whole: whole as usize, before, after };
            start += span.whole + usize::from(after > 0);
            before = if after > 0 { pixel - after } else { 0 };
            span
        });
        spans.collect()
    }
}

impl Shrink {
    /// Creates a scaler from the size `from` to the size `to`, which must not be larger in either direction. Sides are
    /// at least 1.
    pub(crate) fn new(from: (u32, u32), to: (u32, u32)) -> Self {
        let columns = to.0 as usize;
        let rgba = Vec::with_capacity(columns * to.1 as usize * 4);
        // Without scaling, rows are only copied.
        let (spans, columns) = if from == to { (Vec::new(), 0) } else { (Span::all(from.0, to.0), columns) };
        Self { from, to, spans, line: vec![[0; 4]; columns], sums: vec![[0; 4]; columns], next: 0, rgba }
    }

    /// Adds the next row: grey (1 channel), grey and alpha (2), RGB (3) or RGBA (4) samples.
    pub(crate) fn row(&mut self, row: &[u8], channels: usize) {
        if self.next >= self.from.1 {
            return;
        }
        if self.from == self.to {
            self.next += 1;
            let row = &row[..row.len().min(self.from.0 as usize * channels)];
            match channels {
                1 => self.rgba.extend(row.iter().flat_map(|grey| rgba(&[*grey]))),
                2 => self.rgba.extend(row.as_chunks::<2>().0.iter().flat_map(|sample| rgba(sample))),
                3 => self.rgba.extend(row.as_chunks::<3>().0.iter().flat_map(|sample| rgba(sample))),
                _ => self.rgba.extend_from_slice(row.as_chunks::<4>().0.as_flattened()),
            }
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

    /// Sums one source row into `line`. Pixels that a short row lacks are transparent.
    fn average<const CHANNELS: usize>(&mut self, row: &[u8]) {
        let pixels = row.as_chunks::<CHANNELS>().0;
        let width = u64::from(self.to.0);
        for (line, span) in self.line.iter_mut().zip(&self.spans) {
            let end = span.start + span.whole;
            let mut sum = total(pixels.get(span.start..end).unwrap_or_default()).map(|value| value * width);
            for (index, weight) in [(span.start.wrapping_sub(1), span.before), (end, span.after)] {
                if weight > 0
                    && let Some(pixel) = pixels.get(index)
                {
                    add(&mut sum, total(&[*pixel]), weight);
                }
            }
            *line = sum;
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

/// Returns the sums of red, green and blue times alpha, and of alpha.
fn total<const CHANNELS: usize>(pixels: &[[u8; CHANNELS]]) -> [u64; 4] {
    let mut sum = [0; 4];
    // Opaque pixels, which are the usual ones, are multiplied by their alpha at the end.
    if CHANNELS == 1 {
        sum[0] = pixels.iter().flatten().map(|grey| u64::from(*grey)).sum();
        (sum[1], sum[2]) = (sum[0], sum[0]);
    } else if CHANNELS == 3 {
        for pixel in pixels {
            for (sum, value) in sum.iter_mut().zip(pixel) {
                *sum += u64::from(*value);
            }
        }
    } else {
        for pixel in pixels {
            let [r, g, b, a] = rgba(pixel).map(u64::from);
            add(&mut sum, [r * a, g * a, b * a, a], 1);
        }
        return sum;
    }
    sum[3] = pixels.len() as u64;
    sum.map(|value| value * u64::from(u8::MAX))
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
    fn spans_cover_every_pixel_once() {
        for (from, to) in [(3, 2), (7, 3), (8, 4), (100, 99), (1_000, 1), (1, 1)] {
            let spans = Span::all(from, to);
            assert_eq!(spans.len(), to as usize);
            let width = |span: &Span| span.before + span.whole as u64 * u64::from(to) + span.after;
            assert!(spans.iter().all(|span| width(span) == u64::from(from)), "{from} to {to}");
            let last = spans.last().unwrap();
            assert_eq!((last.start + last.whole, last.after), (from as usize, 0), "{from} to {to}");
        }
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
