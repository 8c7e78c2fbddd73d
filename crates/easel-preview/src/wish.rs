//! Sizes and backgrounds: as parameters of a call, and as a text asks for them.

use easel_protocol::record::AppliedImage;

use crate::draw::{DEFAULT_SIDE, MAX_SIDE, MIN_SIDE};

/// Width and height in pixels from `WIDTHxHEIGHT`; `auto` and nothing are [`DEFAULT_SIDE`] square.
///
/// The error is a sentence for the user. Whether the picture can be drawn at that size is for [`crate::draw`] to say.
pub(crate) fn size(parameter: Option<&str>) -> Result<(u32, u32), String> {
    match parameter {
        None | Some("auto") => Ok((DEFAULT_SIDE, DEFAULT_SIDE)),
        Some(text) => pixels(text)
            .ok_or_else(|| format!("`size` is WIDTHxHEIGHT in pixels or `auto`, not `{}`", crate::text::clean(text))),
    }
}

fn pixels(text: &str) -> Option<(u32, u32)> {
    let (width, height) = text.split_once(['x', 'X', '×'])?;
    Some((width.trim().parse().ok()?, height.trim().parse().ok()?))
}

/// The parameters that the words of a prompt ask for: a size like `1536x1024`, or a transparent background.
pub(crate) fn parameters(prompt: &str) -> AppliedImage {
    let drawable = |side: u32| (MIN_SIDE..=MAX_SIDE).contains(&side);
    let words = || prompt.split(|c: char| !c.is_alphanumeric() && c != '×').filter(|word| !word.is_empty());
    let size = words().filter_map(pixels).find(|(w, h)| drawable(*w) && drawable(*h));
    let transparent = words().any(|word| word.eq_ignore_ascii_case("transparent"));
    AppliedImage {
        size: size.map(|(width, height)| format!("{width}x{height}")),
        background: transparent.then(|| "transparent".to_owned()),
        ..AppliedImage::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_two_numbers_or_auto() {
        assert_eq!(size(None), Ok((1024, 1024)));
        assert_eq!(size(Some("auto")), Ok((1024, 1024)));
        assert_eq!(size(Some("1536x1024")), Ok((1536, 1024)));
        for wrong in ["", "x", "1024", "1024x", "-1x5", "1e3x5", "99999999999x1", "big\u{1b}[0m"] {
            assert!(size(Some(wrong)).is_err_and(|message| !message.contains('\u{1b}')), "{wrong}");
        }
    }

    #[test]
    fn a_prompt_can_ask_for_size_and_transparency() {
        let asked = parameters("a fox, 1536x1024, on a Transparent background");
        assert_eq!((asked.size.as_deref(), asked.background.as_deref()), (Some("1536x1024"), Some("transparent")));
        assert_eq!(parameters("a 4x4 car and a 9000x9000 dream"), AppliedImage::default());
    }
}
