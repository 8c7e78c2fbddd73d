//! The report of a comparison, as records and responses have it.

use easel_picture::{ChangedPixels, Comparison};
use easel_protocol::id::ImageId;
use easel_protocol::record::{
    CompositeStatus, EditReport, EditedPixels, MaskUse, PixelBox, ProtectedPixels, RefusedComposite, Shift,
};

/// Returns a comparison as a record has it.
pub(super) fn to_report(base: ImageId, mask: Option<MaskUse>, comparison: &Comparison) -> EditReport {
    let inside = &comparison.inside;
    EditReport {
        base,
        mask,
        resampled: comparison.resampled,
        aspect_changed: comparison.aspect_changed,
        shift: comparison.shift.map(|(x, y)| Shift { x, y }),
        tolerance: easel_picture::TOLERANCE,
        inside: Some(EditedPixels { pixels: inside.pixels, changed: inside.changed, share: round(inside.share()) }),
        incomplete: None,
        outside: comparison.outside.as_ref().map(to_protected),
        composite: CompositeStatus::None,
    }
}

fn to_protected(area: &ChangedPixels) -> ProtectedPixels {
    ProtectedPixels {
        pixels: area.pixels,
        changed: area.changed,
        share: round(area.share()),
        mean_difference: round(area.mean_difference),
        damaged_blocks: Some(area.damaged_blocks).filter(|blocks| *blocks > 0),
        bounds: area.bounds.map(|bounds| PixelBox {
            x: bounds.x,
            y: bounds.y,
            width: bounds.width,
            height: bounds.height,
        }),
    }
}

/// Rounds to six decimals, so that a record stays short. One pixel of a million is still there.
fn round(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// Returns the report of an edit that could not be compared.
pub(super) fn without_comparison(base: ImageId, mask: Option<MaskUse>, reason: String) -> EditReport {
    EditReport {
        base,
        mask,
        resampled: false,
        aspect_changed: false,
        shift: None,
        tolerance: easel_picture::TOLERANCE,
        outside: None,
        inside: None,
        incomplete: Some(reason),
        composite: CompositeStatus::None,
    }
}

/// Returns the status of a composite that was not made.
pub(super) fn without_composite(reason: String) -> CompositeStatus {
    CompositeStatus::Refused(RefusedComposite { refused: reason })
}
