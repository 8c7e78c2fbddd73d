//! What a user puts into a turn.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use ts_rs::TS;

/// One piece of a user message. Audio of any kind is refused: Easel has no use for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub enum UserInput {
    Text {
        text: Arc<str>,
        /// Marked spans of the text; kept and given back, not interpreted.
        #[serde(default, deserialize_with = "null_is_default")]
        #[ts(optional = nullable)]
        text_elements: Vec<TextElement>,
    },
    /// An image as a `data:` URL. Other URLs are refused: nothing is fetched on a client's or model's word.
    Image {
        url: String,
        #[serde(default)]
        detail: Option<ImageDetail>,
    },
    /// An image file, taken into Easel's store when the turn starts.
    LocalImage {
        path: String,
        #[serde(default)]
        detail: Option<ImageDetail>,
    },
    Skill {
        name: String,
        path: String,
    },
    Mention {
        name: String,
        path: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct TextElement {
    pub byte_range: ByteRange,
    #[serde(default)]
    pub placeholder: Option<String>,
}

/// Half-open range of bytes in the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ByteRange {
    pub start: u64,
    pub end: u64,
}

/// How closely a model looks at an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum ImageDetail {
    Auto,
    Low,
    High,
    Original,
}

/// An explicit `null` means the same as a missing field, everywhere in this protocol.
fn null_is_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(source: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(source)?.unwrap_or_default())
}
