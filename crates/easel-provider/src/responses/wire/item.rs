//! One item of an answer, as it is in its events and again in the whole answer.

use easel_protocol::record::AppliedImage;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Unreadable;
use super::limits::{MAX_ID_CHARS, MAX_NAME_CHARS, each, error_fields, name};

#[derive(Debug)]
pub(in super::super) struct Item {
    pub(in super::super) key: ItemKey,
    pub(in super::super) content: Content,
}

/// What says which item of the answer is meant. Servers leave out either, and some change the id from event to event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in super::super) struct ItemKey {
    /// `output_index`, or where the item stands in the whole answer.
    pub(in super::super) position: Option<u32>,
    /// Empty when the server gives none.
    pub(in super::super) id: String,
}

#[derive(Debug)]
pub(in super::super) enum Content {
    Message(String),
    FunctionCall { call_id: String, namespace: Option<String>, name: String, arguments: String },
    Image(Box<Image>),
    Other,
}

#[derive(Debug)]
pub(in super::super) struct Image {
    pub(in super::super) status: String,
    /// The number of the picture among those of the event.
    pub(in super::super) result: Option<usize>,
    /// This and what follows are the provider's own words.
    pub(in super::super) revised_prompt: Option<String>,
    pub(in super::super) applied: AppliedImage,
    pub(in super::super) error: Option<Value>,
}

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

pub(super) fn item(raw: &RawValue, position: Option<u32>) -> Result<Item, Unreadable> {
    let raw: RawItem<'_> = serde_json::from_str(raw.get()).map_err(|_| Unreadable::NotJson)?;
    let content = match name(raw.kind, MAX_ID_CHARS)?.as_str() {
        "message" => Content::Message(text(raw.content)?),
        "function_call" => Content::FunctionCall {
            call_id: name(raw.call_id, MAX_NAME_CHARS)?,
            namespace: Some(name(raw.namespace, MAX_NAME_CHARS)?).filter(|namespace| !namespace.is_empty()),
            name: name(raw.name, MAX_NAME_CHARS)?,
            // Some servers send the object itself instead of its text.
            arguments: raw
                .arguments
                .map(|raw| string(Some(raw)).unwrap_or_else(|| raw.get().to_owned()))
                .unwrap_or_default(),
        },
        "image_generation_call" => Content::Image(Box::new(Image {
            status: name(raw.status, MAX_NAME_CHARS)?,
            result: raw.result.and_then(|raw| raw.get().parse().ok()),
            revised_prompt: string(raw.revised_prompt),
            applied: AppliedImage {
                size: string(raw.size),
                quality: string(raw.quality),
                background: string(raw.background),
                output_format: string(raw.output_format),
                n: None,
            },
            error: raw.error.and_then(error_fields),
        })),
        // Whatever it is called.
        _ => return Ok(Item { key: ItemKey::default(), content: Content::Other }),
    };
    Ok(Item { key: ItemKey { position, id: name(raw.id, MAX_ID_CHARS)? }, content })
}

pub(super) fn position(raw: Option<&RawValue>) -> Option<u32> {
    raw?.get().parse().ok()
}

pub(super) fn string(raw: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(raw?.get()).ok()
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
    let mut text = String::new();
    let join = |piece: Piece| {
        text.push_str(&piece.text.or(piece.refusal).unwrap_or_default());
        true
    };
    each(content.get(), join).map_err(|_| Unreadable::NotJson)?;
    Ok(text)
}
