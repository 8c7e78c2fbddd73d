//! Sizes and backgrounds, from the parameters of a call and from the words of a prompt.

use easel_protocol::record::AppliedImage;

use crate::draw::{DEFAULT_SIDE, MAX_SIDE, MIN_SIDE};
use crate::rule::Drawer;

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

/// A size that a prompt requests and that cannot be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("I cannot draw {width}x{height}: a preview picture is {MIN_SIDE} to {MAX_SIDE} pixels wide and high.")]
pub(crate) struct UndrawableSize {
    width: u32,
    height: u32,
}

/// Minimum side of a picture size in a prompt, in pixels. The numbers of "a 4x4 car" are below it.
const MIN_SIDE_IN_TEXT: u32 = 8;

/// Returns the parameters that a prompt requests: a size such as `1536x1024`, or a transparent background.
///
/// # Errors
/// No size in the prompt can be drawn.
pub(crate) fn find_parameters(prompt: &str, drawer: Drawer) -> Result<AppliedImage, UndrawableSize> {
    // Another provider knows its own sizes, and the image tool reports those that it refuses.
    let is_drawable = |side: u32| match drawer {
        Drawer::Preview => (MIN_SIDE..=MAX_SIDE).contains(&side),
        Drawer::Other => side >= MIN_SIDE_IN_TEXT,
    };
    let lower = prompt.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric() && c != '×').filter(|word| !word.is_empty()).collect();
    let sizes = || words.iter().filter_map(|word| parse_pixels(word));
    let size = sizes().find(|(w, h)| is_drawable(*w) && is_drawable(*h));
    let undrawable = sizes().find(|(w, h)| *w >= MIN_SIDE_IN_TEXT && *h >= MIN_SIDE_IN_TEXT);
    if let (None, Some((width, height))) = (size, undrawable) {
        return Err(UndrawableSize { width, height });
    }
    let without = ["remove the background", "without background", "without a background", "no background"];
    let is_transparent = words.contains(&"transparent") || without.iter().any(|phrase| lower.contains(phrase));
    Ok(AppliedImage {
        size: size.map(|(width, height)| format!("{width}x{height}")),
        background: is_transparent.then(|| "transparent".to_owned()),
        ..AppliedImage::default()
    })
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
        let requested = find_parameters("a fox, 1536x1024, on a Transparent background", Drawer::Preview).unwrap();
        assert_eq!(
            (requested.size.as_deref(), requested.background.as_deref()),
            (Some("1536x1024"), Some("transparent"))
        );
        assert_eq!(find_parameters("a 4x4 car", Drawer::Preview), Ok(AppliedImage::default()));
        for prompt in ["remove the background", "a cat, no background", "a cat without a background"] {
            assert_eq!(
                find_parameters(prompt, Drawer::Preview).unwrap().background.as_deref(),
                Some("transparent"),
                "{prompt}"
            );
        }
    }

    #[test]
    fn size_that_cannot_be_drawn_is_refused() {
        for (prompt, refused) in [
            ("a cat, 10000x10000", Some("10000x10000")),
            ("a cat, 16x16", Some("16x16")),
            ("a cat, 64 x 5000", None),
            ("a 16×16 icon, 128x128", None),
            ("a cat, 99999999999x100", None),
        ] {
            let error = find_parameters(prompt, Drawer::Preview).err().map(|error| error.to_string());
            let expected = refused.map(|size| format!("I cannot draw {size}: "));
            assert_eq!(error.is_some(), expected.is_some(), "{prompt}");
            assert!(error.unwrap_or_default().starts_with(&expected.unwrap_or_default()), "{prompt}");
        }
    }
}
