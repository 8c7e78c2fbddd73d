//! One item of a response, as in its events and in the complete response.

use easel_protocol::record::AppliedImage;
use easel_protocol::response_item::ResponseItem;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::InvalidEvent;
use super::limits::{MAX_ID_CHARS, MAX_NAME_CHARS, parse_each, parse_error_fields, parse_name};

/// An item.
#[derive(Debug)]
pub(in super::super) struct Item {
    pub(in super::super) key: ItemKey,
    pub(in super::super) content: ItemContent,
}

/// Identifies an item of a response. Some servers omit one of the fields, and some change the id with each event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in super::super) struct ItemKey {
    /// `output_index`, or the position in the complete response.
    pub(in super::super) position: Option<u32>,
    /// Empty if the server sends none.
    pub(in super::super) id: String,
}

/// What an item is.
#[derive(Debug)]
pub(in super::super) enum ItemContent {
    Message(String),
    FunctionCall { id: String, namespace: Option<String>, name: String, arguments: String },
    Reasoning(Box<ReasoningItem>),
    Image(Box<ImageItem>),
    Other,
}

/// A call of the hosted tool.
#[derive(Debug)]
pub(in super::super) struct ImageItem {
    pub(in super::super) status: String,
    /// The number of the image among those of the event.
    pub(in super::super) result: Option<usize>,
    /// Untrusted text, like the fields after it.
    pub(in super::super) revised_prompt: Option<String>,
    pub(in super::super) applied: AppliedImage,
    pub(in super::super) error: Option<Value>,
}

/// Reasoning of the model.
#[derive(Debug)]
pub(in super::super) struct ReasoningItem {
    pub(in super::super) summary: Vec<String>,
    pub(in super::super) content: Vec<String>,
    /// The item as later requests send it back; `None` without encrypted content, since providers that store nothing
    /// do not know it then.
    pub(in super::super) model_item: Option<ResponseItem>,
}

/// The fields of any item that Easel uses.
#[derive(Deserialize)]
struct RawItem<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<&'a RawValue>,
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
    summary: Option<&'a RawValue>,
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
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// Parses an item.
///
/// # Errors
///
/// Fails if the item is not valid JSON or exceeds a limit.
pub(super) fn parse_item(raw: &RawValue, position: Option<u32>) -> Result<Item, InvalidEvent> {
    let json = raw.get();
    let raw: RawItem<'_> = serde_json::from_str(json).map_err(|_| InvalidEvent::NotJson)?;
    let content = match parse_name(raw.kind, MAX_ID_CHARS)?.as_str() {
        "message" => ItemContent::Message(parse_message_text(raw.content)?),
        "reasoning" => ItemContent::Reasoning(Box::new(ReasoningItem {
            summary: parse_texts(raw.summary),
            content: parse_texts(raw.content),
            model_item: serde_json::from_str(json).ok(),
        })),
        "function_call" => ItemContent::FunctionCall {
            id: parse_name(raw.call_id, MAX_NAME_CHARS)?,
            namespace: Some(parse_name(raw.namespace, MAX_NAME_CHARS)?).filter(|namespace| !namespace.is_empty()),
            name: parse_name(raw.name, MAX_NAME_CHARS)?,
            // Some servers send an object instead of a string.
            arguments: raw
                .arguments
                .map(|raw| parse_string(Some(raw)).unwrap_or_else(|| raw.get().to_owned()))
                .unwrap_or_default(),
        },
        "image_generation_call" => ItemContent::Image(Box::new(ImageItem {
            // The bytes of an image are worth more than its status and its id.
            status: parse_name(raw.status, MAX_NAME_CHARS).unwrap_or_default(),
            result: raw.result.and_then(|raw| raw.get().parse().ok()),
            revised_prompt: parse_string(raw.revised_prompt),
            applied: AppliedImage {
                size: parse_string(raw.size),
                quality: parse_string(raw.quality),
                background: parse_string(raw.background),
                output_format: parse_string(raw.output_format),
                n: None,
            },
            error: raw.error.and_then(parse_error_fields),
        })),
        // The ids of other items are not needed and may be of any length.
        _ => return Ok(Item { key: ItemKey::default(), content: ItemContent::Other }),
    };
    let id = match (&content, parse_name(raw.id, MAX_ID_CHARS)) {
        (ItemContent::Image(_), id) => id.unwrap_or_default(),
        (_, id) => id?,
    };
    Ok(Item { key: ItemKey { position, id }, content })
}

pub(super) fn parse_position(raw: Option<&RawValue>) -> Option<u32> {
    raw?.get().parse().ok()
}

pub(super) fn parse_string(raw: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(raw?.get()).ok()
}

/// Returns the texts of a list of parts. Ignores everything else, because reasoning is not worth a failed response.
fn parse_texts(list: Option<&RawValue>) -> Vec<String> {
    #[derive(Deserialize)]
    struct Part {
        text: String,
    }
    let mut texts = Vec::new();
    let add = |part: Part| {
        texts.push(part.text);
        true
    };
    // A list that is not well-formed keeps the parts before the fault.
    let _ = list.map(|list| parse_each(list.get(), add));
    texts
}

/// Returns the text of a message: a string, or the joined parts of a list.
fn parse_message_text(content: Option<&RawValue>) -> Result<String, InvalidEvent> {
    #[derive(Deserialize)]
    struct TextPart {
        text: Option<String>,
        refusal: Option<String>,
    }
    let Some(content) = content else {
        return Ok(String::new());
    };
    if let Some(text) = parse_string(Some(content)) {
        return Ok(text);
    }
    let mut text = String::new();
    let join = |part: TextPart| {
        text.push_str(&part.text.or(part.refusal).unwrap_or_default());
        true
    };
    parse_each(content.get(), join).map_err(|_| InvalidEvent::NotJson)?;
    Ok(text)
}
