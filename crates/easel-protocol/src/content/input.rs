//! The parts of a user message.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use ts_rs::TS;

/// One part of a user message. Audio is rejected: Easel has no use for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub enum UserInput {
    /// Text.
    Text {
        /// The text.
        text: Arc<str>,
        /// Spans of the text that the client marked. Easel stores and returns them and does not interpret them.
        #[serde(default, deserialize_with = "null_is_default")]
        #[ts(optional = nullable)]
        text_elements: Vec<TextElement>,
    },
    /// An image as a `data:` URL. Other URLs are rejected: Easel fetches nothing that a client or model names.
    Image {
        /// The `data:` URL, with base64.
        url: String,
        /// How closely the model looks at the image.
        #[serde(default)]
        detail: Option<ImageDetail>,
    },
    /// An image file. Easel copies it into its store when the turn starts.
    LocalImage {
        /// Absolute path of the file.
        path: String,
        /// How closely the model looks at the image.
        #[serde(default)]
        detail: Option<ImageDetail>,
    },
    /// A skill of the client. The model reads its name and path as text.
    Skill {
        /// The name of the skill.
        name: String,
        /// The path of the skill.
        path: String,
    },
    /// Something that the user mentioned, such as a file. The model reads its name and path as text.
    Mention {
        /// The name as the client shows it.
        name: String,
        /// The path.
        path: String,
    },
}

/// A span of a text that the client marked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct TextElement {
    /// The span.
    pub byte_range: ByteRange,
    /// What the client shows in place of the span. Absent: the text itself.
    #[serde(default)]
    pub placeholder: Option<String>,
}

/// A half-open range of bytes of a text in UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ByteRange {
    /// The first byte.
    pub start: u64,
    /// The byte after the last one.
    pub end: u64,
}

/// How closely a model looks at an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum ImageDetail {
    /// The model decides.
    Auto,
    /// A small version of the image.
    Low,
    /// A large version of the image.
    High,
    /// The image at its own size.
    Original,
}

/// Reads `null` as the default: an explicit `null` means the same as a missing field, everywhere in this protocol.
fn null_is_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(source: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(source)?.unwrap_or_default())
}
