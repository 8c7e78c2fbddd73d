//! `[images]`, `[history]` and `[wire]`: how images are generated, shown to the model and sent to clients.

use serde::{Deserialize, Serialize};
use strum::VariantNames;

/// `[images]`: how images are generated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Images {
    /// The provider that makes the images of the standalone tool. Unset: the provider of the turn.
    pub provider: Option<String>,
    /// The image model.
    pub model: String,
    /// The number of image calls of one turn that run at the same time.
    pub parallel: u8,
    /// Milliseconds until an image call times out, retries included.
    pub timeout_ms: u64,
    /// The detail at which the model looks at images.
    pub detail: Detail,
    /// Whether an image request that the provider may have accepted, and billed, is sent up to two more times.
    pub retry_uncertain: bool,
    /// Whether the model is asked again after its images were made, for its closing words.
    pub closing_answer: bool,
    /// Whether metadata, such as the location of a photo, is removed from user images before they are sent.
    pub strip_metadata: bool,
    /// The number of previews of an image while it is generated, where the provider supports previews.
    pub partial_images: u32,
    /// What happens to the pixels outside the mask of an edit, where its call does not say it.
    pub keep_unmasked: KeepUnmasked,
    /// Absolute paths of folders whose images a model may name, besides the folder of its thread.
    pub reference_roots: Vec<String>,
}

impl Default for Images {
    fn default() -> Self {
        Self {
            provider: None,
            model: "gpt-image-2".to_owned(),
            parallel: 4,
            timeout_ms: 600_000,
            detail: Detail::High,
            retry_uncertain: false,
            closing_answer: true,
            strip_metadata: true,
            partial_images: 0,
            keep_unmasked: KeepUnmasked::Off,
            reference_roots: Vec::new(),
        }
    }
}

/// What happens to the pixels outside the mask of an edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum KeepUnmasked {
    /// They stay as the provider made them.
    Off,
    /// A second image is made, in which they are those of the edited image.
    Composite,
}

/// The `detail` of an image in a request to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Detail {
    /// The provider decides.
    Auto,
    /// Few tokens, coarse.
    Low,
    /// Many tokens, fine.
    High,
    /// The image in its own size, without scaling.
    Original,
}

/// `[history]`: what the model sees of earlier turns. The limits bound the size of a request, however long the thread
/// is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct History {
    /// Maximum number of images that the model sees as images. When a thread exceeds it, all but the newest half become
    /// a line of text at once. Until then each request begins like the one before, which prompt caches need.
    pub model_images: u32,
    /// Maximum total size of those images in bytes, as they are sent. When another image exceeds it, only the newest
    /// ones that fit into half of it stay.
    pub model_image_bytes: u64,
    /// What the model sees of those images.
    pub pictures: Pictures,
}

impl Default for History {
    fn default() -> Self {
        Self { model_images: 8, model_image_bytes: 24_000_000, pictures: Pictures::Copy }
    }
}

/// What the model sees of the images in its conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Pictures {
    /// Smaller copies, in the size at which the model looks at them.
    Copy,
    /// The files.
    Original,
}

/// `[wire]`: how events are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wire {
    /// What `result` of a finished image contains.
    pub image_result: ImageResult,
    /// Milliseconds between the response to `turn/start` and the first event of the turn. Some clients subscribe to
    /// events only after they have handled the response.
    pub turn_event_delay_ms: u64,
}

impl Default for Wire {
    fn default() -> Self {
        Self { image_result: ImageResult::Auto, turn_event_delay_ms: 20 }
    }
}

/// `[acp]`: how Easel works as an agent in an editor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Acp {
    /// What the editor gets in the place of an image.
    pub images: AcpImages,
}

/// What an editor gets in the place of an image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AcpImages {
    /// A smaller picture, and a link to the file.
    #[default]
    Preview,
    /// The file itself, and a link to it.
    Original,
    /// Only a link to the file.
    Link,
}

/// What `result` of a finished image contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ImageResult {
    /// What the client is known to read: see `ClientCapabilities::request_attestation` of the protocol.
    Auto,
    /// Nothing: the item names the file. Many clients fail on long lines.
    None,
    /// The image as base64, in the live event only.
    Inline,
}
