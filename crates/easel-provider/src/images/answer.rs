//! What an answer says of its images.

use easel_protocol::record::{AppliedImage, ImageUsage};
use serde_json::Value;

use crate::failure::Masks;

/// One image of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) place: Place,
    pub(super) revised_prompt: Option<String>,
    pub(super) applied: AppliedImage,
}

/// Where its bytes are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    Slot(usize),
    Url(String),
    /// Moderation kept the image back: xAI says so beside an image that is none.
    Withheld,
    Nowhere,
}

/// The images of a document in their order. `empty` tells whether a slot holds nothing.
pub(super) fn entries(json: &Value, empty: impl Fn(usize) -> bool, masks: &Masks) -> Vec<Entry> {
    let items = match json.get("data") {
        Some(Value::Array(items)) => items.as_slice(),
        // An event is an image itself.
        Some(_) | None if json.get("b64_json").or_else(|| json.get("url")).is_some() => std::slice::from_ref(json),
        Some(_) | None => &[],
    };
    let entry = |item: &Value| Entry {
        place: place(item, &empty),
        revised_prompt: text(item, "revised_prompt").and_then(|prompt| masks.prompt(prompt)),
        applied: applied(item, json, masks),
    };
    items.iter().map(entry).collect()
}

/// Tokens that the provider counted, if it counts.
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

/// The provider's id of the generation.
pub(super) fn generation_id(json: &Value, masks: &Masks) -> Option<String> {
    text(json, "generation_id").or_else(|| text(json, "id")).and_then(|id| masks.fact(id))
}

fn place(item: &Value, empty: &impl Fn(usize) -> bool) -> Place {
    let respected = item.get("respect_moderation").and_then(Value::as_bool);
    if respected == Some(false) {
        return Place::Withheld;
    }
    let slot = |name: &str| {
        let slot = usize::try_from(item.get(name)?.as_u64()?).ok()?;
        (!empty(slot)).then_some(Place::Slot(slot))
    };
    let url = || text(item, "url").filter(|url| !url.is_empty()).map(|url| Place::Url(url.to_owned()));
    slot("b64_json").or_else(|| slot("url")).or_else(url).unwrap_or(Place::Nowhere)
}

/// What is said of the image itself comes before what is said of all.
fn applied(item: &Value, json: &Value, masks: &Masks) -> AppliedImage {
    let said = |name: &str| {
        let said = text(item, name).or_else(|| text(json, name))?;
        masks.fact(said)
    };
    AppliedImage {
        size: said("size"),
        quality: said("quality"),
        background: said("background"),
        output_format: said("output_format"),
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

    fn places(json: &Value) -> Vec<Place> {
        entries(json, |slot| slot == 9, &Masks::default()).into_iter().map(|entry| entry.place).collect()
    }

    #[test]
    fn an_image_is_found_in_every_place_that_servers_use() {
        let answer = json!({"data": [{"b64_json": 0}, {"url": 1}, {"url": "https://h/a.png", "b64_json": null},
            {"url": "/a.png", "b64_json": 9}, {"url": ""}, {"url": "x", "respect_moderation": false}, 7]});
        let url = |url: &str| Place::Url(url.to_owned());
        let expected = [
            Place::Slot(0),
            Place::Slot(1),
            url("https://h/a.png"),
            url("/a.png"),
            Place::Nowhere,
            Place::Withheld,
            Place::Nowhere,
        ];
        assert_eq!(places(&answer), expected);
        assert_eq!(places(&json!({"type": "image_generation.completed", "b64_json": 0})), [Place::Slot(0)]);
        for none in [json!({"data": null}), json!({}), json!([]), json!(null), json!({"data": {"b64_json": 0}})] {
            assert_eq!(places(&none), [], "{none}");
        }
    }

    #[test]
    fn a_providers_words_are_data() {
        let answer = json!({"size": "\u{1b}[31m1024x1024", "quality": "q".repeat(1_000), "output_format": 7, "data": [
            {"b64_json": 0, "size": "1x1", "revised_prompt": "a\u{0}b\n\u{202e}c"}, {"b64_json": 1, "revised_prompt": " "}]});
        let entries = entries(&answer, |_| false, &Masks::default());
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
    fn usage_is_what_was_counted() {
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
