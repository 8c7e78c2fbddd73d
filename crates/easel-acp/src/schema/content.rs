//! Content of prompts, messages and tool calls.

use serde::{Deserialize, Serialize};

/// A block of content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub(crate) enum ContentBlock {
    Text {
        text: String,
    },
    Image {
        /// The bytes in base64.
        data: String,
        mime_type: String,
        /// Where the image is. Never fetched.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        uri: Option<String>,
    },
    /// Refused: Easel has no use for it.
    Audio {},
    ResourceLink {
        uri: String,
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mime_type: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size: Option<i64>,
    },
    Resource {
        resource: ResourceContents,
    },
}

/// The content of a resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub(crate) enum ResourceContents {
    Blob {
        uri: String,
        /// The bytes in base64.
        blob: String,
        #[serde(default)]
        mime_type: Option<String>,
    },
    Text {
        uri: String,
        text: String,
    },
}

impl ContentBlock {
    /// Returns a block of text.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }
}
