//! One item of an answer, as it is in its events and again in the whole answer.

use easel_protocol::record::AppliedImage;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{NOT_JSON, Unreadable};

#[derive(Debug)]
pub(in super::super) enum Item {
    Message { id: String, text: String },
    FunctionCall { id: String, call_id: String, namespace: Option<String>, name: String, arguments: String },
    Image(Box<Image>),
    Other,
}

#[derive(Debug)]
pub(in super::super) struct Image {
    pub(in super::super) id: String,
    pub(in super::super) status: String,
    /// The number of the picture among those of the event.
    pub(in super::super) result: Option<usize>,
    pub(in super::super) revised_prompt: Option<String>,
    pub(in super::super) applied: AppliedImage,
    pub(in super::super) error: Option<Value>,
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

pub(super) fn item(raw: &RawValue) -> Result<Item, Unreadable> {
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
            result: raw.result.and_then(|raw| raw.get().parse().ok()),
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
    let pieces: Vec<Piece> = serde_json::from_str(content.get()).map_err(|_| NOT_JSON)?;
    Ok(pieces.into_iter().filter_map(|piece| piece.text.or(piece.refusal)).collect())
}
