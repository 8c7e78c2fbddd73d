//! The events of a response on the wire, with numbers in place of their images.
//!
//! Fields that Easel does not use may have any shape. All other fields are parsed within [`limits`].

use easel_imagegen::port::ReasoningPart;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

mod event;
mod final_response;
mod item;
mod limits;
mod truncated_json;

pub(super) use self::event::StreamEvent;
use self::final_response::parse_ended;
pub(super) use self::final_response::{FinalResponse, ResponseStatus, parse_response};
pub(super) use self::item::{ImageItem, Item, ItemContent, ItemKey, ReasoningItem};
use self::item::{parse_item, parse_position, parse_string};
pub(super) use self::limits::InvalidEvent;
use self::limits::{MAX_ID_CHARS, parse_error_fields, parse_name};
pub(super) use self::truncated_json::{complete_truncated_json, images_of_invalid_json};

/// Bytes of an event without an image.
const MAX_TEXT_EVENT_BYTES: usize = 4 << 20;

/// The fields of any event that Easel uses.
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
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    summary_index: Option<&'a RawValue>,
    #[serde(borrow)]
    content_index: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    partial_image_b64: Option<&'a RawValue>,
    #[serde(borrow)]
    partial_image_index: Option<&'a RawValue>,
}

impl RawEvent<'_> {
    fn key(&self) -> Result<ItemKey, InvalidEvent> {
        Ok(ItemKey { position: parse_position(self.output_index), id: parse_name(self.item_id, MAX_ID_CHARS)? })
    }

    fn summary_part(&self) -> ReasoningPart {
        ReasoningPart::Summary(parse_position(self.summary_index).unwrap_or(0))
    }

    fn content_part(&self) -> ReasoningPart {
        ReasoningPart::Content(parse_position(self.content_index).unwrap_or(0))
    }

    fn item(&self) -> Result<Item, InvalidEvent> {
        parse_item(self.item.ok_or(InvalidEvent::NotJson)?, parse_position(self.output_index))
    }
}

/// Parses an event of a stream. `name` is its kind if the data has no `type`.
///
/// # Errors
///
/// Fails if the event is not valid JSON or exceeds a limit.
pub(super) fn parse_event(name: &[u8], data: &[u8]) -> Result<StreamEvent, InvalidEvent> {
    if data == b"[DONE]" {
        return Ok(StreamEvent::Other);
    }
    let raw: RawEvent<'_> = parse_json(data)?;
    let own_kind = parse_name(raw.kind, MAX_ID_CHARS)?;
    let kind = if own_kind.is_empty() { String::from_utf8_lossy(name).into_owned() } else { own_kind.clone() };
    let may_have_image = raw.item.is_some() || raw.response.is_some() || kind.ends_with(".partial_image");
    if data.len() > MAX_TEXT_EVENT_BYTES && !may_have_image {
        return Err(InvalidEvent::TextTooLarge);
    }
    Ok(match kind.as_str() {
        "response.output_text.delta" | "response.refusal.delta" => {
            StreamEvent::TextDelta { key: raw.key()?, delta: parse_string(raw.delta).ok_or(InvalidEvent::NotJson)? }
        }
        "response.reasoning_summary_part.added" => {
            StreamEvent::ReasoningPartAdded { key: raw.key()?, part: raw.summary_part() }
        }
        "response.reasoning_summary_text.delta" => {
            let delta = parse_string(raw.delta).ok_or(InvalidEvent::NotJson)?;
            StreamEvent::ReasoningDelta { key: raw.key()?, part: raw.summary_part(), delta }
        }
        "response.reasoning_text.delta" => {
            let delta = parse_string(raw.delta).ok_or(InvalidEvent::NotJson)?;
            StreamEvent::ReasoningDelta { key: raw.key()?, part: raw.content_part(), delta }
        }
        "response.reasoning_summary_text.done" => {
            let text = parse_string(raw.text).unwrap_or_default();
            StreamEvent::ReasoningTextDone { key: raw.key()?, part: raw.summary_part(), text }
        }
        "response.reasoning_text.done" => {
            let text = parse_string(raw.text).unwrap_or_default();
            StreamEvent::ReasoningTextDone { key: raw.key()?, part: raw.content_part(), text }
        }
        "response.output_item.added" => StreamEvent::ItemAdded(raw.item()?),
        "response.output_item.done" => StreamEvent::ItemDone(raw.item()?),
        "response.image_generation_call.in_progress" | "response.image_generation_call.generating" => {
            StreamEvent::ImageStarted { key: raw.key()? }
        }
        "response.image_generation_call.partial_image" => StreamEvent::ImagePreview {
            key: raw.key()?,
            index: raw.partial_image_index.and_then(|raw| raw.get().parse().ok()).unwrap_or(0),
            image: raw.partial_image_b64.and_then(|raw| raw.get().parse().ok()),
        },
        "response.completed" => parse_ended(raw.response, ResponseStatus::Completed)?,
        "response.incomplete" => parse_ended(raw.response, ResponseStatus::Incomplete)?,
        "response.failed" => parse_ended(raw.response, ResponseStatus::Failed)?,
        "error" => StreamEvent::Error(parse_error(data)?),
        // Some compatible servers send errors without a type.
        _ if own_kind.is_empty() && raw.error.is_some() => StreamEvent::Error(parse_error(data)?),
        _ => StreamEvent::Other,
    })
}

fn parse_json<'a, T: Deserialize<'a>>(data: &'a [u8]) -> Result<T, InvalidEvent> {
    serde_json::from_slice(data).map_err(|_| InvalidEvent::NotJson)
}

/// Parses an error, without a `type` that only says that it is an error.
fn parse_error(data: &[u8]) -> Result<Value, InvalidEvent> {
    let raw: &RawValue = parse_json(data)?;
    let mut error = parse_error_fields(raw).unwrap_or_default();
    if let Some(fields) = error.as_object_mut().filter(|fields| fields.get("type").is_some_and(|kind| kind == "error"))
    {
        fields.remove("type");
    }
    Ok(error)
}

#[cfg(test)]
mod tests;
