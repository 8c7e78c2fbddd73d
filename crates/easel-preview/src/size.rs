//! Sizes and backgrounds, from the parameters of a call and from the words of a prompt.

use easel_protocol::record::AppliedImage;

use crate::draw::{DEFAULT_SIDE, MAX_SIDE, MIN_SIDE};

/// A `size` that cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`size` must be WIDTHxHEIGHT in pixels or `auto`, not `{0}`")]
pub(crate) struct InvalidSize(String);

/// Parses a width and height in pixels from `WIDTHxHEIGHT`. `auto` and `None` are a square of [`DEFAULT_SIDE`].
///
/// # Errors
/// The text has another form. Whether a picture of the size can be drawn is decided by [`crate::draw()`].
pub(crate) fn parse(parameter: Option<&str>) -> Result<(u32, u32), InvalidSize> {
    match parameter {
        None | Some("auto") => Ok((DEFAULT_SIDE, DEFAULT_SIDE)),
        Some(text) => parse_pixels(text).ok_or_else(|| InvalidSize(crate::text::clean(text))),
    }
}

fn parse_pixels(text: &str) -> Option<(u32, u32)> {
    let (width, height) = text.split_once(['x', 'X', '×'])?;
    Some((width.trim().parse().ok()?, height.trim().parse().ok()?))
}

/// Returns the parameters that a prompt requests: a size such as `1536x1024`, or a transparent background.
pub(crate) fn find_parameters(prompt: &str) -> AppliedImage {
    let drawable = |side: u32| (MIN_SIDE..=MAX_SIDE).contains(&side);
    let words = || prompt.split(|c: char| !c.is_alphanumeric() && c != '×').filter(|word| !word.is_empty());
    let size = words().filter_map(parse_pixels).find(|(w, h)| drawable(*w) && drawable(*h));
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
    fn size_is_two_numbers_or_auto() {
        assert_eq!(parse(None), Ok((1024, 1024)));
        assert_eq!(parse(Some("auto")), Ok((1024, 1024)));
        assert_eq!(parse(Some("1536x1024")), Ok((1536, 1024)));
        for wrong in ["", "x", "1024", "1024x", "-1x5", "1e3x5", "99999999999x1", "big\u{1b}[0m"] {
            assert!(parse(Some(wrong)).is_err_and(|error| !error.to_string().contains('\u{1b}')), "{wrong}");
        }
    }

    #[test]
    fn prompt_can_request_size_and_transparency() {
        let requested = find_parameters("a fox, 1536x1024, on a Transparent background");
        assert_eq!(
            (requested.size.as_deref(), requested.background.as_deref()),
            (Some("1536x1024"), Some("transparent"))
        );
        assert_eq!(find_parameters("a 4x4 car and a 9000x9000 dream"), AppliedImage::default());
    }
}
