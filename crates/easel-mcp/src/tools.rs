//! The tools of the server.

use std::sync::Arc;

use easel_protocol::tool::Tool as AppTool;
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Value, json};

/// The tool that makes images. No dot and no long name: some hosts hide all tools of a server with such a name.
pub(crate) const IMAGEGEN: &str = "imagegen";
/// The tool that shows an image again.
pub(crate) const IMAGE_VIEW: &str = "image_view";

/// Replaces the first paragraph of the tool's description, which says that the user sees the image: most hosts do not
/// show it.
const INTRODUCTION: &str = "Make or edit pictures. The result has the absolute path of each picture, a smaller preview, \
    and a handle (img_…) to edit the picture in a later call. The user may not see the preview: show them the path. A \
    call may take a minute; do not repeat it while it runs.";

/// Names that models know the tool by elsewhere.
const ALIASES: [&str; 3] = ["image_gen.imagegen", "image_gen__imagegen", "image_gen_imagegen"];

/// Returns the name of the tool that a call means.
pub(crate) fn canonical_name(name: &str) -> Option<&'static str> {
    if name == IMAGEGEN || ALIASES.contains(&name) {
        return Some(IMAGEGEN);
    }
    (name == IMAGE_VIEW).then_some(IMAGE_VIEW)
}

/// Descriptions of parameters that speak for themselves to most models.
const DESCRIPTIONS: [(&str, &str); 5] = [
    ("size", "The size of the picture in pixels."),
    ("quality", "How much work goes into the picture."),
    ("background", "Whether the background is transparent."),
    ("output_format", "The format of the file."),
    ("mask", "The picture whose transparent pixels mark what may change."),
];

/// Returns the tools of the list. There is no `outputSchema`: hosts drop the pictures of a result that has structured
/// content.
pub(crate) fn list(tool: &AppTool) -> Vec<Tool> {
    if !tool.offered {
        return Vec::new();
    }
    let guidance = tool.description.as_deref().and_then(|text| text.split_once("\n\n"));
    let description = format!("{INTRODUCTION}\n\n{}", guidance.map_or("", |(_, rest)| rest));
    let schema = object(described(tool.input_schema.clone().unwrap_or_else(|| json!({"type": "object"}))));
    let annotations = ToolAnnotations::with_title("Make or edit an image")
        .read_only(false)
        .destructive(false)
        .idempotent(false)
        .open_world(true);
    let imagegen = Tool::new(IMAGEGEN, description, schema).with_title("Make or edit an image").annotate(annotations);
    vec![imagegen, image_view()]
}

/// Adds the descriptions that the schema for the Responses API leaves out, because every byte of it is sent with each
/// request to a model.
fn described(mut schema: Value) -> Value {
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return schema };
    for (name, text) in DESCRIPTIONS {
        if let Some(property) = properties.get_mut(name).and_then(Value::as_object_mut) {
            property.entry("description").or_insert_with(|| text.into());
        }
    }
    schema
}

fn image_view() -> Tool {
    let schema = json!({
        "type": "object",
        "properties": {
            "image": {"type": "string", "description": "The handle of the image, img_…."},
            "max_edge": {
                "type": "integer", "minimum": 16, "maximum": 1_568,
                "description": "The longest edge of the preview in pixels. Default 1024.",
            },
        },
        "required": ["image"],
        "additionalProperties": false,
    });
    let annotations = ToolAnnotations::with_title("Look at an image")
        .read_only(true)
        .destructive(false)
        .idempotent(true)
        .open_world(false);
    Tool::new(IMAGE_VIEW, "Shows a preview of an image that imagegen has made.", object(schema))
        .with_title("Look at an image")
        .annotate(annotations)
}

fn object(schema: Value) -> Arc<JsonObject> {
    if let Value::Object(object) = schema { Arc::new(object) } else { Arc::default() }
}

/// Returns how to use the server, or why it has no tool now.
pub(crate) fn instructions(tool: Option<&AppTool>) -> String {
    let reasons: Vec<&str> = match tool {
        Some(tool) if tool.offered => {
            return "imagegen makes and edits images. Its results have the absolute path of each image: show the user \
                    that path, since not every application shows the preview. Handles (img_…) stay valid."
                .to_owned();
        }
        Some(tool) => tool.reasons.iter().map(|reason| reason.message.as_str()).collect(),
        None => Vec::new(),
    };
    format!("There is no image tool now. {}", reasons.join(" ")).trim_end().to_owned()
}
