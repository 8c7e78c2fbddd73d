//! Fades an edit in from the edge of its mask.

/// The weight of a pixel that is taken from the edit alone.
pub(super) const FULL: u16 = 255;

/// Returns the weight of the edit for each pixel, from 0 to [`FULL`]: 0 outside the mask, rising inwards over at most
/// `feather` pixels. Returns it with the feather that the widest part of the mask has.
///
/// A part of the mask that is too narrow for the feather gets half of it, or half of that, until the middle of the part
/// has the full weight: nothing of the edit is lost.
pub(super) fn weights(inside: &[u8], width: usize, feather: u32) -> (Vec<u16>, u32) {
    let depth = distances(inside.iter().map(|inside| *inside == 0), width);
    let mut weights = vec![0; inside.len()];
    let mut feather = feather;
    let mut widest = None;
    loop {
        // The pixels with the full weight, and those that lead to them.
        let is_core = depth.iter().map(|depth| u32::from(*depth) > feather);
        let reach = distances(is_core, width);
        let mut is_complete = true;
        for ((weight, depth), reach) in weights.iter_mut().zip(&depth).zip(reach) {
            if *depth == 0 || *weight > 0 {
                continue;
            }
            if u32::from(reach) > feather {
                is_complete = false;
                continue;
            }
            *weight = rise(*depth, feather);
            widest.get_or_insert(feather);
        }
        if is_complete || feather == 0 {
            return (weights, widest.unwrap_or_default());
        }
        feather /= 2;
    }
}

/// Returns the weight of a pixel from its distance to the protected ones: never 0, because the pixel may change.
fn rise(depth: u8, feather: u32) -> u16 {
    let full = u32::from(FULL);
    let weight = ((2 * u32::from(depth) - 1) * full).checked_div(2 * feather).unwrap_or(full);
    u16::try_from(weight.clamp(1, full)).unwrap_or(FULL)
}

/// Returns how far each pixel is from the nearest one of a set, in steps to any of the eight neighbors; at most 255.
fn distances(set: impl Iterator<Item = bool>, width: usize) -> Vec<u8> {
    let mut distances: Vec<u8> = set.map(|is_in_set| if is_in_set { 0 } else { u8::MAX }).collect();
    let height = distances.len().checked_div(width).unwrap_or_default();
    let mut previous = vec![u8::MAX; width];
    for row in distances.chunks_exact_mut(width.max(1)) {
        spread(row, &previous, 0..width);
        previous.copy_from_slice(row);
    }
    previous.fill(u8::MAX);
    for row in distances.chunks_exact_mut(width.max(1)).rev().take(height) {
        spread(row, &previous, (0..width).rev());
        previous.copy_from_slice(row);
    }
    distances
}

/// Brings the distances of a row down to those of the row before it, and of the pixel before each in `order`.
fn spread(row: &mut [u8], previous: &[u8], order: impl Iterator<Item = usize>) {
    let mut beside = u8::MAX;
    for x in order {
        let above = previous[x.saturating_sub(1)..(x + 2).min(previous.len())].iter().copied().fold(beside, u8::min);
        row[x] = row[x].min(above.saturating_add(1));
        beside = row[x];
    }
}
