//! What a hook reads: one JSON object of bounded size, with the field names of Codex.

use easel_protocol::id::{ItemId, ThreadId, TurnId};
use easel_protocol::record::{ImageAction, ImageError, ImageErrorKind, ImageRecord, RequestedImage};
use serde::Serialize;

use super::text::HookText;
use crate::image_item::replace_with_composites;
use crate::port::Reference;

/// Maximum size of the object in bytes.
pub const MAX_INPUT_BYTES: usize = 16 * 1024;

/// Maximum size of a prompt in JSON, in bytes.
const PROMPT_BYTES: usize = 5 * 1024;
/// Maximum size of a path.
const PATH_BYTES: usize = 1_024;
/// Maximum size of an id or a name.
const NAME_BYTES: usize = 256;
/// Maximum size of an error.
const ERROR_BYTES: usize = 512;
/// Maximum size of a list of images. It is much longer than the references of a call usually are.
const IMAGES_BYTES: usize = 2 * 1024;

/// A call of the image tool, as far as hooks may know it.
#[derive(Debug, Clone, Copy)]
pub struct HookCall<'a> {
    /// The name of the tool.
    pub tool_name: &'static str,
    /// The thread of the call.
    pub thread_id: &'a ThreadId,
    /// The turn of the call.
    pub turn_id: &'a TurnId,
    /// The id of the call's item.
    pub item_id: &'a ItemId,
    /// The working folder of the thread.
    pub cwd: &'a str,
    /// The model that called the tool.
    pub model: &'a str,
    /// The id of the provider that would make the images.
    pub provider: &'a str,
    /// The image model of the provider.
    pub image_model: &'a str,
    /// The arguments of the call.
    pub requested: &'a RequestedImage,
    /// The images to edit.
    pub references: &'a [Reference],
    /// The part of the image that may change.
    pub mask: Option<&'a Reference>,
}

/// The input of a hook.
#[derive(Debug, Serialize)]
pub struct HookInput {
    session_id: HookText,
    turn_id: HookText,
    transcript_path: Option<HookText>,
    cwd: HookText,
    hook_event_name: &'static str,
    model: HookText,
    permission_mode: &'static str,
    tool_name: &'static str,
    tool_use_id: HookText,
    tool_input: ToolInput,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_response: Option<ToolResponse>,
    provider: HookText,
    image_model: HookText,
}

/// The arguments of the call.
#[derive(Debug, Serialize)]
struct ToolInput {
    action: ImageAction,
    prompt: HookText,
    #[serde(flatten)]
    images: ImageList,
    mask: Option<HookImage>,
    size: Option<HookText>,
    quality: Option<HookText>,
    background: Option<HookText>,
    output_format: Option<HookText>,
    n: u32,
}

/// What the call returned.
#[derive(Debug, Serialize)]
struct ToolResponse {
    #[serde(flatten)]
    images: ImageList,
    error: Option<ToolError>,
}

#[derive(Debug, Serialize)]
struct ToolError {
    kind: ImageErrorKind,
    message: HookText,
}

/// Images by name. Those for which there is no room are only counted.
#[derive(Debug, Serialize)]
struct ImageList {
    images: Vec<HookImage>,
    images_omitted: usize,
}

#[derive(Debug, Serialize)]
struct HookImage {
    /// The handle. `null` for a file that the model named by path.
    id: Option<HookText>,
    /// The file, which is Easel's copy.
    path: HookText,
    /// The handle of the provider's image, if this is a composite that was made from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    derived_from: Option<HookText>,
}

impl HookInput {
    /// Creates the input of a hook that runs before a call.
    pub fn before(call: &HookCall<'_>) -> Self {
        Self::new("PreToolUse", call, None)
    }

    /// Creates the input of a hook that runs after a call. It has the images as the item of the call has them: a
    /// composite in place of the image that it was made from.
    pub fn after(call: &HookCall<'_>, records: &[ImageRecord], error: Option<&ImageError>) -> Self {
        let delivered = replace_with_composites(records.to_vec());
        let images = list(&delivered, HookImage::from_record);
        let error =
            error.map(|error| ToolError { kind: error.kind, message: HookText::new(&error.message, ERROR_BYTES) });
        Self::new("PostToolUse", call, Some(ToolResponse { images, error }))
    }

    fn new(hook_event_name: &'static str, call: &HookCall<'_>, tool_response: Option<ToolResponse>) -> Self {
        let name = |text: &str| HookText::new(text, NAME_BYTES);
        let RequestedImage { action, prompt, parameters } = call.requested;
        let parameter = |value: &Option<String>| value.as_deref().map(name);
        Self {
            session_id: name(call.thread_id),
            turn_id: name(call.turn_id),
            transcript_path: None,
            cwd: HookText::new(call.cwd, PATH_BYTES),
            hook_event_name,
            model: name(call.model),
            permission_mode: "default",
            tool_name: call.tool_name,
            tool_use_id: name(call.item_id),
            tool_input: ToolInput {
                action: *action,
                prompt: HookText::new(prompt, PROMPT_BYTES),
                images: list(call.references, HookImage::from_reference),
                mask: call.mask.map(HookImage::from_reference),
                size: parameter(&parameters.size),
                quality: parameter(&parameters.quality),
                background: parameter(&parameters.background),
                output_format: parameter(&parameters.output_format),
                n: parameters.n.unwrap_or(1),
            },
            tool_response,
            provider: name(call.provider),
            image_model: name(call.image_model),
        }
    }

    /// Returns the JSON text that the hook reads: at most [`MAX_INPUT_BYTES`] bytes on one line.
    ///
    /// # Errors
    /// Never for these types.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }
}

impl HookImage {
    fn new(id: Option<&str>, path: &str) -> Self {
        Self {
            id: id.map(|id| HookText::new(id, NAME_BYTES)),
            path: HookText::new(path, PATH_BYTES),
            derived_from: None,
        }
    }

    fn from_record(record: &ImageRecord) -> Self {
        let original = record.derived.as_ref().and_then(|derived| derived.from.first());
        let derived_from = original.map(|id| HookText::new(id, NAME_BYTES));
        Self { derived_from, ..Self::new(Some(record.id.as_str()), &record.path) }
    }

    fn from_reference(reference: &Reference) -> Self {
        Self::new(reference.id.as_deref(), &reference.path.to_string_lossy())
    }
}

/// Lists images until the list is full.
fn list<'a, T>(images: &'a [T], describe: impl Fn(&'a T) -> HookImage) -> ImageList {
    let (mut listed, mut room) = (Vec::new(), IMAGES_BYTES);
    for image in images {
        let image = describe(image);
        // The comma after it counts too.
        let len = serde_json::to_vec(&image).map_or(room, |json| json.len()) + 1;
        if len > room {
            break;
        }
        room -= len;
        listed.push(image);
    }
    ImageList { images_omitted: images.len() - listed.len(), images: listed }
}
