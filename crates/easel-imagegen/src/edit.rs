//! The sentence about an edit that its model reads, if something went otherwise than a person would expect.

use easel_protocol::record::{CompositeStatus, EditReport, RefusedComposite, Shift};

/// The part of the protected pixels that must have changed before the model reads about it. The noise of a JPEG of
/// quality 90 changes up to 6 % of the pixels.
const NOTABLE_SHARE: f64 = 0.01;
/// The mean difference of the protected pixels that must be reached too, of 255. The noise of a JPEG stays below it.
const NOTABLE_DIFFERENCE: f64 = 3.0;

/// Returns what the model should know of an edit; `None` if nothing stands out.
pub fn describe(report: &EditReport) -> Option<String> {
    if report.composite == CompositeStatus::Applied
        && report.outside.as_ref().is_some_and(|outside| outside.mean_difference == 0.0)
    {
        return Some("Outside the mask, every pixel is that of the edited image.".to_owned());
    }
    let mut sentences = Vec::new();
    if let Some(Shift { x, y }) = report.shift {
        sentences.push(format!("The whole picture moved by {}.", describe_shift(x, y)));
    }
    if let Some(outside) = &report.outside {
        if report.aspect_changed {
            sentences.push("It has another aspect ratio than the edited image.".to_owned());
        } else if report.resampled {
            sentences.push("It has another size than the edited image.".to_owned());
        }
        let is_everywhere = outside.share >= NOTABLE_SHARE && outside.mean_difference >= NOTABLE_DIFFERENCE;
        if is_everywhere || outside.damaged_blocks.is_some() {
            sentences.push(match outside.share {
                share if share < NOTABLE_SHARE => format!("Outside the mask {} pixels changed.", outside.changed),
                share => format!("Outside the mask {:.1} % of the pixels changed.", share * 100.0),
            });
        }
    }
    if let CompositeStatus::Refused(RefusedComposite { refused }) = &report.composite {
        sentences.push(format!("What is outside the mask could not be put back: {refused}."));
    }
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

fn describe_shift(x: i32, y: i32) -> String {
    let part = |by: i32, forward: &str, back: &str| {
        (by != 0).then(|| format!("{} px {}", by.unsigned_abs(), if by > 0 { forward } else { back }))
    };
    let parts: Vec<String> = [part(x, "right", "left"), part(y, "down", "up")].into_iter().flatten().collect();
    parts.join(" and ")
}

#[cfg(test)]
mod tests {
    use easel_protocol::record::{EditedPixels, MaskUse, PixelBox, ProtectedPixels};

    use super::*;

    fn report(share: f64, mean_difference: f64) -> EditReport {
        let (damaged_blocks, bounds) = (None, None);
        let outside = ProtectedPixels { pixels: 1_000, changed: 516, share, mean_difference, damaged_blocks, bounds };
        EditReport {
            base: "img_a".into(),
            mask: Some(MaskUse::Sent),
            resampled: false,
            aspect_changed: false,
            shift: None,
            tolerance: 8,
            outside: Some(outside),
            inside: Some(EditedPixels { pixels: 1, changed: 1, share: 1.0 }),
            incomplete: None,
            composite: CompositeStatus::None,
        }
    }

    #[test]
    fn nothing_is_said_of_an_edit_within_its_mask() {
        assert_eq!(describe(&report(0.0, 0.0)), None);
        assert_eq!(describe(&report(0.06, 1.9)), None, "noise of a JPEG");
        assert_eq!(describe(&report(0.001, 0.1)), None, "one pixel");
    }

    #[test]
    fn what_went_wrong_is_said() {
        insta::assert_snapshot!(describe(&report(0.5164, 37.8)).unwrap(), @"Outside the mask 51.6 % of the pixels changed.");
        let shifted = EditReport { shift: Some(Shift { x: 12, y: -4 }), outside: None, ..report(0.0, 0.0) };
        insta::assert_snapshot!(describe(&shifted).unwrap(), @"The whole picture moved by 12 px right and 4 px up.");
        let other = EditReport { aspect_changed: true, resampled: true, ..report(0.3, 9.0) };
        insta::assert_snapshot!(describe(&other).unwrap(), @"It has another aspect ratio than the edited image. Outside the mask 30.0 % of the pixels changed.");
        let larger = EditReport { resampled: true, ..report(0.0, 0.0) };
        insta::assert_snapshot!(describe(&larger).unwrap(), @"It has another size than the edited image.");
    }

    #[test]
    fn strong_damage_is_said_however_small() {
        let damaged = |changed: u64, damaged_blocks: Option<u64>| {
            let share = changed as f64 / 1e6;
            let bounds = Some(PixelBox { x: 0, y: 0, width: 1_000, height: 1_000 });
            let outside =
                ProtectedPixels { pixels: 1_000_000, changed, share, mean_difference: 0.1, damaged_blocks, bounds };
            describe(&EditReport { outside: Some(outside), ..report(0.0, 0.0) })
        };
        // Two blots of 20 by 20 pixels in opposite corners.
        assert_eq!(damaged(800, Some(8)).unwrap(), "Outside the mask 800 pixels changed.");
        assert_eq!(damaged(10_000, Some(8)).unwrap(), "Outside the mask 1.0 % of the pixels changed.");
        assert_eq!(damaged(24_000, Some(300)).unwrap(), "Outside the mask 2.4 % of the pixels changed.");
        assert_eq!(damaged(800, None), None, "noise next to edges");
        assert_eq!(damaged(60_000, None), None, "noise everywhere");
    }

    #[test]
    fn composite_is_said_and_its_refusal_too() {
        let applied = EditReport { composite: CompositeStatus::Applied, ..report(0.0, 0.0) };
        insta::assert_snapshot!(describe(&applied).unwrap(), @"Outside the mask, every pixel is that of the edited image.");
        let of_provider = EditReport { composite: CompositeStatus::Applied, ..report(0.5, 30.0) };
        insta::assert_snapshot!(describe(&of_provider).unwrap(), @"Outside the mask 50.0 % of the pixels changed.");
        let refused = "the mask is transparent everywhere".to_owned();
        let refused = CompositeStatus::Refused(RefusedComposite { refused });
        let refused = EditReport { composite: refused, ..report(0.0, 0.0) };
        insta::assert_snapshot!(describe(&refused).unwrap(), @"What is outside the mask could not be put back: the mask is transparent everywhere.");
    }

    #[test]
    fn edit_without_a_mask_may_change_its_size() {
        let larger =
            EditReport { resampled: true, aspect_changed: true, outside: None, mask: None, ..report(0.0, 0.0) };
        assert_eq!(describe(&larger), None);
    }
}
