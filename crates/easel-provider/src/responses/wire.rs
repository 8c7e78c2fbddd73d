//! The events of an answer as they come over the wire. Whatever is not asked for may have any shape.

use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use easel_protocol::event::TokenUsage;
use easel_protocol::record::AppliedImage;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// Base64 of images, which some servers leave without padding.
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

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
    Ended(Response),
    Error(Value),
    Other,
}

#[derive(Debug)]
pub(super) enum Item {
    Message { id: String, text: String },
    FunctionCall { id: String, call_id: String, namespace: Option<String>, name: String, arguments: String },
    Image(Box<Image>),
    Other,
}

#[derive(Debug)]
pub(super) struct Image {
    pub(super) id: String,
    pub(super) status: String,
    /// Base64, a part of the event's own bytes.
    pub(super) result: Bytes,
    pub(super) revised_prompt: Option<String>,
    pub(super) applied: AppliedImage,
    pub(super) error: Option<Value>,
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

#[derive(Deserialize)]
struct RawItem<'a> {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    status: Option<&'a RawValue>,
    #[serde(borrow)]
    call_id: Option<&'a RawValue>,
    #[serde(borrow)]
    namespace: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    revised_prompt: Option<&'a RawValue>,
    #[serde(borrow)]
    size: Option<&'a RawValue>,
    #[serde(borrow)]
    quality: Option<&'a RawValue>,
    #[serde(borrow)]
    background: Option<&'a RawValue>,
    #[serde(borrow)]
    output_format: Option<&'a RawValue>,
    error: Option<Value>,
}

/// One event of a stream.
pub(super) fn event(data: &Bytes) -> Result<Event, Unreadable> {
    if data.as_ref() == b"[DONE]" {
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
        "response.output_item.added" => Event::ItemAdded(item(data, raw.item.ok_or(NOT_JSON)?)?),
        "response.output_item.done" => Event::ItemDone(item(data, raw.item.ok_or(NOT_JSON)?)?),
        "response.image_generation_call.in_progress" | "response.image_generation_call.generating" => {
            Event::ImageBegun { item_id }
        }
        "response.completed" => ended(data, raw.response, Status::Completed)?,
        "response.incomplete" => ended(data, raw.response, Status::Incomplete)?,
        "response.failed" => ended(data, raw.response, Status::Failed)?,
        "error" => Event::Error(error(data)?),
        // Compatible servers send their errors without a type.
        "" if raw.error.is_some() => Event::Error(error(data)?),
        _ => Event::Other,
    })
}

/// An answer that was not streamed.
pub(super) fn whole(data: &Bytes) -> Result<Event, Unreadable> {
    let raw: RawResponse<'_> = serde_json::from_slice(data).map_err(|_| NOT_JSON)?;
    if raw.output.is_none() {
        return if raw.error.is_some() { Ok(Event::Error(error(data)?)) } else { Err(NOT_JSON) };
    }
    Ok(Event::Ended(response(data, raw, Status::Completed)?))
}

fn ended(data: &Bytes, raw: Option<&RawValue>, status: Status) -> Result<Event, Unreadable> {
    let raw = serde_json::from_str(raw.ok_or(NOT_JSON)?.get()).map_err(|_| NOT_JSON)?;
    Ok(Event::Ended(response(data, raw, status)?))
}

/// `status` is what the event says, where the answer itself says nothing.
fn response(data: &Bytes, raw: RawResponse<'_>, status: Status) -> Result<Response, Unreadable> {
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
        output: output.into_iter().map(|raw| item(data, raw)).collect::<Result<_, _>>()?,
        usage: raw.usage.as_ref().map(usage).unwrap_or_default(),
        error: raw.error,
        reason,
    })
}

fn item(data: &Bytes, raw: &RawValue) -> Result<Item, Unreadable> {
    let raw: RawItem<'_> = serde_json::from_str(raw.get()).map_err(|_| NOT_JSON)?;
    let id = string(raw.id).unwrap_or_default();
    Ok(match raw.kind.as_str() {
        "message" => Item::Message { id, text: text(raw.content)? },
        "function_call" => Item::FunctionCall {
            id,
            call_id: string(raw.call_id).unwrap_or_default(),
            namespace: string(raw.namespace).filter(|namespace| !namespace.is_empty()),
            name: string(raw.name).unwrap_or_default(),
            // Some servers send the object itself instead of its text.
            arguments: raw
                .arguments
                .map(|raw| string(Some(raw)).unwrap_or_else(|| raw.get().to_owned()))
                .unwrap_or_default(),
        },
        "image_generation_call" => Item::Image(Box::new(Image {
            id,
            status: string(raw.status).unwrap_or_default(),
            result: raw.result.map(|raw| base64(data, raw)).unwrap_or_default(),
            revised_prompt: string(raw.revised_prompt),
            applied: AppliedImage {
                size: string(raw.size),
                quality: string(raw.quality),
                background: string(raw.background),
                output_format: string(raw.output_format),
                n: None,
            },
            error: raw.error,
        })),
        _ => Item::Other,
    })
}

fn string(raw: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(raw?.get()).ok()
}

/// The text of a string, without a copy where it holds no escape.
fn base64(data: &Bytes, raw: &RawValue) -> Bytes {
    let text = raw.get().strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let text = match text {
        Some(text) if memchr::memchr(b'\\', text.as_bytes()).is_none() => data.slice_ref(text.as_bytes()),
        Some(_) => Bytes::from(string(Some(raw)).unwrap_or_default()),
        None => return Bytes::new(),
    };
    // Some servers send a data URL.
    match memchr::memchr(b',', &text[..text.len().min(100)]) {
        Some(comma) if text.starts_with(b"data:") => text.slice(comma + 1..),
        Some(_) | None => text,
    }
}

/// Of a message's pieces, or of a message that is one string.
fn text(content: Option<&RawValue>) -> Result<String, Unreadable> {
    #[derive(Deserialize)]
    struct Piece {
        text: Option<String>,
        refusal: Option<String>,
    }
    let Some(content) = content else {
        return Ok(String::new());
    };
    if let Some(text) = string(Some(content)) {
        return Ok(text);
    }
    let pieces: Vec<Piece> = serde_json::from_str(content.get()).map_err(|_| NOT_JSON)?;
    Ok(pieces.into_iter().filter_map(|piece| piece.text.or(piece.refusal)).collect())
}

/// The error without the words that only say that it is one.
fn error(data: &Bytes) -> Result<Value, Unreadable> {
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
