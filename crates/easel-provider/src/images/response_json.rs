//! The JSON of an images response.

use easel_protocol::record::{AppliedImage, ImageUsage};
use serde_json::Value;

use crate::rejection::Redactor;

/// One image of a response.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ImageEntry {
    pub(super) location: ImageLocation,
    pub(super) revised_prompt: Option<String>,
    pub(super) applied: AppliedImage,
}

/// The location of an image's bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ImageLocation {
    /// The image with this number among the parts of the document.
    Part(usize),
    Url(String),
    /// Moderation withheld the image. xAI then sends `respect_moderation: false` and an empty image.
    Withheld,
    Nowhere,
}

/// Returns the images of a document in their order. `is_empty` says whether a part is an empty string.
pub(super) fn entries(json: &Value, is_empty: impl Fn(usize) -> bool, redactor: &Redactor) -> Vec<ImageEntry> {
    let items = match json.get("data") {
        Some(Value::Array(items)) => items.as_slice(),
        // An event is a single image.
        Some(_) | None if json.get("b64_json").or_else(|| json.get("url")).is_some() => std::slice::from_ref(json),
        Some(_) | None => &[],
    };
    let entry = |item: &Value| ImageEntry {
        location: location(item, &is_empty),
        revised_prompt: text(item, "revised_prompt").and_then(|prompt| redactor.clean_prompt(prompt)),
        applied: parse_applied(item, json, redactor),
    };
    items.iter().map(entry).collect()
}

/// Returns the tokens that the provider counted.
pub(super) fn usage(json: &Value) -> Option<ImageUsage> {
    let usage = json.get("usage")?;
    let tokens = |name: &str| usage.get(name).and_then(Value::as_u64);
    let (input, output) = (tokens("input_tokens"), tokens("output_tokens"));
    let total = tokens("total_tokens").or_else(|| input?.checked_add(output?))?;
    Some(ImageUsage {
        input_tokens: input.unwrap_or_default(),
        output_tokens: output.unwrap_or_default(),
        total_tokens: total,
    })
}

/// Returns the provider's id of the generation.
pub(super) fn generation_id(json: &Value, redactor: &Redactor) -> Option<String> {
    text(json, "generation_id").or_else(|| text(json, "id")).and_then(|id| redactor.clean_label(id))
}

fn location(item: &Value, is_empty: &impl Fn(usize) -> bool) -> ImageLocation {
    if item.get("respect_moderation").and_then(Value::as_bool) == Some(false) {
        return ImageLocation::Withheld;
    }
    let part = |name: &str| {
        let part = usize::try_from(item.get(name)?.as_u64()?).ok()?;
        (!is_empty(part)).then_some(ImageLocation::Part(part))
    };
    let url = || text(item, "url").filter(|url| !url.is_empty()).map(|url| ImageLocation::Url(url.to_owned()));
    part("b64_json").or_else(|| part("url")).or_else(url).unwrap_or(ImageLocation::Nowhere)
}

/// Returns the parameters that the provider reports: those of the image, or else those of the whole response.
fn parse_applied(item: &Value, json: &Value, redactor: &Redactor) -> AppliedImage {
    let reported = |name: &str| {
        let value = text(item, name).or_else(|| text(json, name))?;
        redactor.clean_label(value)
    };
    AppliedImage {
        size: reported("size"),
        quality: reported("quality"),
        background: reported("background"),
        output_format: reported("output_format"),
        n: None,
    }
}

fn text<'a>(json: &'a Value, name: &str) -> Option<&'a str> {
    json.get(name).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn locations(json: &Value) -> Vec<ImageLocation> {
        entries(json, |part| part == 9, &Redactor::default()).into_iter().map(|entry| entry.location).collect()
    }

    #[test]
    fn image_is_found_in_every_field_that_servers_use() {
        let response = json!({"data": [{"b64_json": 0}, {"url": 1}, {"url": "https://h/a.png", "b64_json": null},
            {"url": "/a.png", "b64_json": 9}, {"url": ""}, {"url": "x", "respect_moderation": false}, 7]});
        let url = |url: &str| ImageLocation::Url(url.to_owned());
        let expected = [
            ImageLocation::Part(0),
            ImageLocation::Part(1),
            url("https://h/a.png"),
            url("/a.png"),
            ImageLocation::Nowhere,
            ImageLocation::Withheld,
            ImageLocation::Nowhere,
        ];
        assert_eq!(locations(&response), expected);
        assert_eq!(locations(&json!({"type": "image_generation.completed", "b64_json": 0})), [ImageLocation::Part(0)]);
        for none in [json!({"data": null}), json!({}), json!([]), json!(null), json!({"data": {"b64_json": 0}})] {
            assert_eq!(locations(&none), [], "{none}");
        }
    }

    #[test]
    fn text_of_the_provider_is_cleaned() {
        let response = json!({"size": "\u{1b}[31m1024x1024", "quality": "q".repeat(1_000), "output_format": 7, "data": [
            {"b64_json": 0, "size": "1x1", "revised_prompt": "a\u{0}b\n\u{202e}c"}, {"b64_json": 1, "revised_prompt": " "}]});
        let entries = entries(&response, |_| false, &Redactor::default());
        assert_eq!(entries[0].revised_prompt.as_deref(), Some("ab c"));
        assert_eq!(
            (entries[0].applied.size.as_deref(), entries[1].applied.size.as_deref()),
            (Some("1x1"), Some("1024x1024"))
        );
        assert_eq!(entries[1].revised_prompt, None);
        assert_eq!(entries[0].applied.quality.as_ref().map(|quality| quality.chars().count()), Some(100));
        assert_eq!(entries[0].applied.output_format, None);
    }

    #[test]
    fn usage_is_read_with_and_without_a_total() {
        let counted = |usage: Value| usage_of(&usage);
        assert_eq!(counted(json!({"input_tokens": 5, "output_tokens": 7, "total_tokens": 12})), Some((5, 7, 12)));
        assert_eq!(counted(json!({"input_tokens": 5, "output_tokens": 7})), Some((5, 7, 12)));
        assert_eq!(counted(json!({"input_tokens": -5, "num": 1})), None);
        assert_eq!(counted(json!({"total_tokens": 12})), Some((0, 0, 12)));
    }

    fn usage_of(counted: &Value) -> Option<(u64, u64, u64)> {
        usage(&json!({"usage": counted})).map(|usage| (usage.input_tokens, usage.output_tokens, usage.total_tokens))
    }
}
