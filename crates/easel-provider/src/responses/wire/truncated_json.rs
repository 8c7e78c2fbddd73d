//! What can be used of JSON that is truncated or damaged.

use easel_protocol::record::AppliedImage;
use serde::de::IgnoredAny;

use super::item::{ImageItem, Item, ItemContent, ItemKey};

/// Returns an item for each complete image of a text that is not JSON. `numbers` are the numbers of the images. Returns
/// no items if one image may be a preview or the result of another tool.
///
/// A whole response repeats the images of earlier events. `known` is how many of them have ended.
pub(in super::super) fn images_of_invalid_json(
    text: &[u8],
    numbers: impl Iterator<Item = usize>,
    known: usize,
) -> Vec<Item> {
    let contains = |name: &[u8]| memchr::memmem::find(text, name).is_some();
    if !contains(b"image_generation_call") || contains(b"partial_image") {
        return Vec::new();
    }
    let item = |number| ImageItem {
        status: String::new(),
        result: Some(number),
        revised_prompt: None,
        applied: AppliedImage::default(),
        error: None,
    };
    let repeated = if contains(b"output_item.done") { 0 } else { known };
    numbers
        .skip(repeated)
        .map(|number| Item { key: ItemKey::default(), content: ItemContent::Image(Box::new(item(number))) })
        .collect()
}

/// Completes a truncated JSON text: drops the last incomplete field, and closes all objects and arrays.
///
/// Returns `None` if the result is not JSON.
pub(in super::super) fn complete_truncated_json(text: &[u8]) -> Option<Vec<u8>> {
    let (mut closers, mut in_string, mut after_backslash) = (Vec::new(), false, false);
    // The last comma outside strings, and how many objects and arrays were open there.
    let mut last_comma = None;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if after_backslash => after_backslash = false,
            b'\\' if in_string => after_backslash = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' => closers.push(b'}'),
            b'[' => closers.push(b']'),
            b'}' | b']' => {
                closers.pop();
                last_comma = last_comma.filter(|(_, depth)| *depth <= closers.len());
            }
            b',' => last_comma = Some((at, closers.len())),
            _ => {}
        }
    }
    let close = |len: usize, depth: usize| {
        let closed: Vec<u8> = text[..len].iter().chain(closers[..depth].iter().rev()).copied().collect();
        serde_json::from_slice::<IgnoredAny>(&closed).is_ok().then_some(closed)
    };
    close(text.len(), closers.len()).or_else(|| last_comma.and_then(|(at, depth)| close(at, depth)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(text: &str) -> Option<String> {
        complete_truncated_json(text.as_bytes()).map(|json| String::from_utf8(json).unwrap())
    }

    #[test]
    fn incomplete_field_is_dropped() {
        for (truncated, json) in [
            (r#"{"item":{"id":"ig_1","result":0"#, r#"{"item":{"id":"ig_1","result":0}}"#),
            (r#"{"item":{"id":"ig_1","result":0,"#, r#"{"item":{"id":"ig_1","result":0}}"#),
            (r#"{"item":{"id":"ig_1","result":0,"revised_prompt":"a \"{,"#, r#"{"item":{"id":"ig_1","result":0}}"#),
            (r#"{"item":{"result":0},"seq"#, r#"{"item":{"result":0}}"#),
            (r#"{"output":[{"a":1,"b":2},{"result":0,"x":tr"#, r#"{"output":[{"a":1,"b":2},{"result":0}]}"#),
            (r#"{"output":[{"a":1,"b":2}"#, r#"{"output":[{"a":1,"b":2}]}"#),
            (r#"{"a":1}"#, r#"{"a":1}"#),
        ] {
            assert_eq!(complete(truncated).as_deref(), Some(json), "{truncated}");
        }
    }

    #[test]
    fn text_that_is_not_json_is_rejected() {
        for text in ["", "]", "{\"a\"", "<html>", "{]}}"] {
            assert_eq!(complete(text), None, "{text}");
        }
    }
}
