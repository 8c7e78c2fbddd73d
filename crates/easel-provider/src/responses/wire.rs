//! The events of an answer as they come over the wire, but with numbers in place of their pictures. Whatever is not
//! asked for may have any shape.

use easel_protocol::event::TokenUsage;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

mod item;

pub(super) use self::item::{Image, Item};
use self::item::{item, string};

/// An event that can hold nothing but text is no larger than this.
const MAX_TEXT_EVENT_BYTES: usize = 4 << 20;
/// Items of one answer that are looked at.
const MAX_ITEMS: usize = 256;

/// What is understood of the events; the others are passed over.
#[derive(Debug)]
pub(super) enum Event {
    TextDelta {
        item_id: String,
        delta: String,
    },
    ItemAdded(Item),
    ItemDone(Item),
    /// The hosted tool works on this item.
    ImageBegun {
        item_id: String,
    },
    /// What its image looks like so far: a number among the pictures of the event.
    ImagePreview {
        item_id: String,
        index: u32,
        picture: Option<usize>,
    },
    Ended(Response),
    Error(Value),
    Other,
}

/// An answer that has ended, well or not.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: Status,
    pub(super) output: Vec<Item>,
    pub(super) usage: TokenUsage,
    pub(super) error: Option<Value>,
    /// Why it is not whole.
    pub(super) reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Completed,
    Incomplete,
    Failed,
}

/// Why an event cannot be read, as the end of a sentence.
pub(super) type Unreadable = &'static str;

const NOT_JSON: Unreadable = "what is not the JSON of an event";
const TOO_LARGE: Unreadable = "a text that is too large";
const TOO_MANY: Unreadable = "more items than an answer can have";

#[derive(Deserialize)]
struct RawEvent<'a> {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(borrow)]
    item: Option<&'a RawValue>,
    #[serde(borrow)]
    response: Option<&'a RawValue>,
    #[serde(borrow)]
    item_id: Option<&'a RawValue>,
    #[serde(borrow)]
    delta: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    partial_image_b64: Option<&'a RawValue>,
    #[serde(borrow)]
    partial_image_index: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawResponse<'a> {
    #[serde(default)]
    status: Option<String>,
    #[serde(borrow)]
    output: Option<Vec<&'a RawValue>>,
    usage: Option<Value>,
    error: Option<Value>,
    incomplete_details: Option<Value>,
}

/// One event of a stream.
pub(super) fn event(data: &[u8]) -> Result<Event, Unreadable> {
    if data == b"[DONE]" {
        return Ok(Event::Other);
    }
    let raw: RawEvent<'_> = serde_json::from_slice(data).map_err(|_| NOT_JSON)?;
    let may_hold_image = raw.item.is_some() || raw.response.is_some() || raw.kind.ends_with(".partial_image");
    if data.len() > MAX_TEXT_EVENT_BYTES && !may_hold_image {
        return Err(TOO_LARGE);
    }
    let item_id = string(raw.item_id).unwrap_or_default();
    Ok(match raw.kind.as_str() {
        "response.output_text.delta" | "response.refusal.delta" => {
            Event::TextDelta { item_id, delta: string(raw.delta).ok_or(NOT_JSON)? }
        }
        "response.output_item.added" => Event::ItemAdded(item(raw.item.ok_or(NOT_JSON)?)?),
        "response.output_item.done" => Event::ItemDone(item(raw.item.ok_or(NOT_JSON)?)?),
        "response.image_generation_call.in_progress" | "response.image_generation_call.generating" => {
            Event::ImageBegun { item_id }
        }
        "response.image_generation_call.partial_image" => Event::ImagePreview {
            item_id,
            index: raw.partial_image_index.and_then(|raw| raw.get().parse().ok()).unwrap_or(0),
            picture: raw.partial_image_b64.and_then(|raw| raw.get().parse().ok()),
        },
        "response.completed" => ended(raw.response, Status::Completed)?,
        "response.incomplete" => ended(raw.response, Status::Incomplete)?,
        "response.failed" => ended(raw.response, Status::Failed)?,
        "error" => Event::Error(error(data)?),
        // Compatible servers send their errors without a type.
        "" if raw.error.is_some() => Event::Error(error(data)?),
        _ => Event::Other,
    })
}

/// An answer that was not streamed.
pub(super) fn whole(data: &[u8]) -> Result<Event, Unreadable> {
    let raw: RawResponse<'_> = serde_json::from_slice(data).map_err(|_| NOT_JSON)?;
    if raw.output.is_none() {
        return if raw.error.is_some() { Ok(Event::Error(error(data)?)) } else { Err(NOT_JSON) };
    }
    Ok(Event::Ended(response(raw, Status::Completed)?))
}

fn ended(raw: Option<&RawValue>, status: Status) -> Result<Event, Unreadable> {
    let raw = serde_json::from_str(raw.ok_or(NOT_JSON)?.get()).map_err(|_| NOT_JSON)?;
    Ok(Event::Ended(response(raw, status)?))
}

/// `status` is what the event says, where the answer itself says nothing.
fn response(raw: RawResponse<'_>, status: Status) -> Result<Response, Unreadable> {
    let output = raw.output.unwrap_or_default();
    if output.len() > MAX_ITEMS {
        return Err(TOO_MANY);
    }
    let status = match raw.status.as_deref() {
        Some("failed" | "cancelled") => Status::Failed,
        Some("incomplete") => Status::Incomplete,
        Some(_) | None => status,
    };
    let reason = raw.incomplete_details.as_ref().and_then(|details| details["reason"].as_str()).map(str::to_owned);
    Ok(Response {
        status,
        output: output.into_iter().map(item).collect::<Result<_, _>>()?,
        usage: raw.usage.as_ref().map(usage).unwrap_or_default(),
        error: raw.error,
        reason,
    })
}

/// The error without the words that only say that it is one.
fn error(data: &[u8]) -> Result<Value, Unreadable> {
    if data.len() > MAX_TEXT_EVENT_BYTES {
        return Err(TOO_LARGE);
    }
    let mut error: Value = serde_json::from_slice(data).map_err(|_| NOT_JSON)?;
    if let Some(fields) = error.as_object_mut().filter(|fields| fields.get("type").is_some_and(|kind| kind == "error"))
    {
        fields.remove("type");
    }
    Ok(error)
}

fn usage(usage: &Value) -> TokenUsage {
    let count = |value: &Value| value.as_i64().unwrap_or(0).max(0);
    let input = &usage["input_tokens_details"];
    let (input_tokens, output_tokens) = (count(&usage["input_tokens"]), count(&usage["output_tokens"]));
    TokenUsage {
        total_tokens: usage["total_tokens"]
            .as_i64()
            .unwrap_or_else(|| input_tokens.saturating_add(output_tokens))
            .max(0),
        input_tokens,
        cached_input_tokens: count(&input["cached_tokens"]),
        cache_write_input_tokens: count(&input["cache_write_tokens"]),
        output_tokens,
        reasoning_output_tokens: count(&usage["output_tokens_details"]["reasoning_tokens"]),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn samples() -> [Value; 3] {
        let image = json!({"type": "image_generation_call", "id": "ig", "result": 0, "error": null});
        let call =
            json!({"type": "function_call", "id": "fc", "call_id": "c", "namespace": null, "arguments": "{\"a\":1}"});
        [
            json!({"type": "response.output_item.done", "item": image}),
            json!({"type": "response.output_text.delta", "item_id": "m", "delta": "é\u{1f600}"}),
            json!({"type": "response.completed", "response": {"output": [image, call], "usage": {"input_tokens": 1}}}),
        ]
    }

    proptest! {
        #[test]
        fn no_byte_in_an_event_is_too_strange(
            which in 0usize..3,
            at in 0usize..400,
            bytes in proptest::collection::vec(any::<u8>(), 0..4),
            cut in 0usize..4,
        ) {
            let mut data = samples()[which].to_string().into_bytes();
            let at = at.min(data.len());
            data.splice(at..(at + cut).min(data.len()), bytes);
            // What it is does not matter here, only that there is an answer.
            let _ = (event(&data), whole(&data));
        }
    }

    #[test]
    fn counts_that_are_no_counts_are_nought() {
        let counted = usage(&json!({"input_tokens": -5, "output_tokens": "many", "total_tokens": null}));
        assert_eq!(counted, TokenUsage::default());
    }
}
