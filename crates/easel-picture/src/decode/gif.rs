//! Decodes GIF.

use std::num::NonZeroU64;

use gif::{ColorOutput, DecodeOptions, DecodingError, MemoryLimit};

use super::{Limits, Metadata, Source, check_size, finish};
use crate::shrink::Shrink;
use crate::{Bounds, Error, Format, Picture};

/// Decodes the first frame, on a canvas of the size in the header.
pub(super) fn read(source: Source<'_>, bounds: Bounds, limits: Limits) -> Result<(Picture, Metadata), Error> {
    let damaged = |error: DecodingError| Error::damaged(Format::Gif, error);
    let limit = limits.pixels.min(limits.whole);
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::RGBA);
    if let Some(bytes) = NonZeroU64::new(limit.saturating_mul(4)) {
        options.set_memory_limit(MemoryLimit::Bytes(bytes));
    }
    let mut decoder = options.read_info(source).map_err(damaged)?;
    let (width, height) = (decoder.width(), decoder.height());
    check_size(limit, Format::Gif, width.into(), height.into())?;
    let frame = decoder.read_next_frame().map_err(damaged)?;
    let frame = frame.ok_or_else(|| Error::damaged(Format::Gif, "no frame"))?;
    // A frame may extend beyond its canvas, or start outside it.
    let (left, top) = (usize::from(frame.left.min(width)), usize::from(frame.top));
    let visible = usize::from(frame.width).min(usize::from(width) - left);
    let size = (u32::from(width), u32::from(height));
    let mut shrink = Shrink::new(size, bounds.fit(size.0, size.1));
    let mut canvas_row = vec![0; usize::from(width) * 4];
    let mut rows = frame.buffer.chunks_exact((usize::from(frame.width) * 4).max(4));
    for y in 0..usize::from(height) {
        canvas_row.fill(0);
        if y >= top
            && let Some(row) = rows.next()
        {
            canvas_row[left * 4..(left + visible) * 4].copy_from_slice(&row[..visible * 4]);
        }
        shrink.row(&canvas_row, 4);
    }
    Ok((finish(Format::Gif, shrink)?, Metadata::default()))
}
