//! The events of an answer as they come over the wire, but with numbers in place of their pictures. Whatever is not
//! asked for may have any shape. Nothing is read without a limit: see [`limits`].

use easel_protocol::event::TokenUsage;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

mod item;
mod limits;

pub(super) use self::item::{Content, Image, Item, ItemKey};
use self::item::{item, position, string};
pub(super) use self::limits::Unreadable;
use self::limits::{Items, MAX_ID_CHARS, error_fields, name, small};

/// An event that can hold nothing but text is no larger than this.
const MAX_TEXT_EVENT_BYTES: usize = 4 << 20;

/// What is understood of the events; the others are passed over.
#[derive(Debug)]
pub(super) enum Event {
    TextDelta {
        key: ItemKey,
        delta: String,
    },
    ItemAdded(Item),
    ItemDone(Item),
    /// The hosted tool works on this item.
    ImageBegun {
        key: ItemKey,
    },
    /// What its image looks like so far: a number among the pictures of the event.
    ImagePreview {
        key: ItemKey,
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

#[derive(Deserialize)]
struct RawEvent<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    output_index: Option<&'a RawValue>,
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

impl RawEvent<'_> {
    fn key(&self) -> Result<ItemKey, Unreadable> {
        Ok(ItemKey { position: position(self.output_index), id: name(self.item_id, MAX_ID_CHARS)? })
    }

    fn item(&self) -> Result<Item, Unreadable> {
        item(self.item.ok_or(Unreadable::NotJson)?, position(self.output_index))
    }
}

#[derive(Deserialize)]
struct RawResponse<'a> {
    #[serde(borrow)]
    status: Option<&'a RawValue>,
    #[serde(borrow)]
    output: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    incomplete_details: Option<&'a RawValue>,
}

/// One event of a stream. Servers that leave `type` out of the data give the kind as the event's `name`.
pub(super) fn event(name: &[u8], data: &[u8]) -> Result<Event, Unreadable> {
    if data == b"[DONE]" {
        return Ok(Event::Other);
    }
    let raw: RawEvent<'_> = parsed(data)?;
    let stated = kind(raw.kind)?;
    let kind = if stated.is_empty() { String::from_utf8_lossy(name).into_owned() } else { stated.clone() };
    let may_hold_image = raw.item.is_some() || raw.response.is_some() || kind.ends_with(".partial_image");
    if data.len() > MAX_TEXT_EVENT_BYTES && !may_hold_image {
        return Err(Unreadable::TextTooLarge);
    }
    Ok(match kind.as_str() {
        "response.output_text.delta" | "response.refusal.delta" => {
            Event::TextDelta { key: raw.key()?, delta: string(raw.delta).ok_or(Unreadable::NotJson)? }
        }
        "response.output_item.added" => Event::ItemAdded(raw.item()?),
        "response.output_item.done" => Event::ItemDone(raw.item()?),
        "response.image_generation_call.in_progress" | "response.image_generation_call.generating" => {
            Event::ImageBegun { key: raw.key()? }
        }
        "response.image_generation_call.partial_image" => Event::ImagePreview {
            key: raw.key()?,
            index: raw.partial_image_index.and_then(|raw| raw.get().parse().ok()).unwrap_or(0),
            picture: raw.partial_image_b64.and_then(|raw| raw.get().parse().ok()),
        },
        "response.completed" => ended(raw.response, Status::Completed)?,
        "response.incomplete" => ended(raw.response, Status::Incomplete)?,
        "response.failed" => ended(raw.response, Status::Failed)?,
        "error" => Event::Error(error(data)?),
        // Compatible servers send their errors without a type.
        _ if stated.is_empty() && raw.error.is_some() => Event::Error(error(data)?),
        _ => Event::Other,
    })
}

/// An answer that was not streamed.
pub(super) fn whole(data: &[u8]) -> Result<Event, Unreadable> {
    let raw: RawResponse<'_> = parsed(data)?;
    if raw.output.is_none() {
        return if raw.error.is_some() { Ok(Event::Error(error(data)?)) } else { Err(Unreadable::NotJson) };
    }
    Ok(Event::Ended(response(&raw, Status::Completed)?))
}

fn parsed<'a, T: Deserialize<'a>>(data: &'a [u8]) -> Result<T, Unreadable> {
    serde_json::from_slice(data).map_err(|_| Unreadable::NotJson)
}

/// The `type` of an event; empty when it has none.
fn kind(raw: Option<&RawValue>) -> Result<String, Unreadable> {
    name(raw, MAX_ID_CHARS)
}

fn ended(raw: Option<&RawValue>, status: Status) -> Result<Event, Unreadable> {
    let raw: RawResponse<'_> = parsed(raw.ok_or(Unreadable::NotJson)?.get().as_bytes())?;
    Ok(Event::Ended(response(&raw, status)?))
}

/// `status` is what the event says, where the answer itself says nothing.
fn response(raw: &RawResponse<'_>, status: Status) -> Result<Response, Unreadable> {
    let output = raw.output.map(|raw| Items::of(raw.get())).transpose()?.unwrap_or_default();
    let status = match name(raw.status, MAX_ID_CHARS)?.as_str() {
        "failed" | "cancelled" => Status::Failed,
        "incomplete" => Status::Incomplete,
        _ => status,
    };
    let reason = small(raw.incomplete_details).and_then(|details| details["reason"].as_str().map(str::to_owned));
    Ok(Response {
        status,
        output: (0..).zip(output.0).map(|(at, raw)| item(raw, Some(at))).collect::<Result<_, _>>()?,
        usage: small(raw.usage).as_ref().map(usage).unwrap_or_default(),
        error: raw.error.and_then(error_fields),
        reason,
    })
}

/// The error without the words that only say that it is one.
fn error(data: &[u8]) -> Result<Value, Unreadable> {
    let raw: &RawValue = parsed(data)?;
    let mut error = error_fields(raw).unwrap_or_default();
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
mod tests;
