//! The entries of the image tools in the `tools` array of the Responses API.

use easel_protocol::tool::ToolExposure;
use serde_json::{Map, Value, json};

use crate::arguments::MAX_PROMPT_CHARS;
use crate::capability::{Capabilities, Parameter};

/// The namespace of the standalone tool.
pub const NAMESPACE: &str = "image_gen";
/// The function name of the standalone tool.
pub const FUNCTION: &str = "imagegen";
/// The namespace of the standalone tool in the Codex app-server, which reserves [`NAMESPACE`].
pub const DYNAMIC_NAMESPACE: &str = "easel";
/// The name of the standalone tool for clients.
pub const STANDALONE_NAME: &str = "image_gen.imagegen";
/// The name of the hosted tool for clients.
pub const HOSTED_NAME: &str = "image_generation";

const NAMESPACE_DESCRIPTION: &str = "Makes and edits pictures.";

/// The description of the standalone tool for the model.
pub const GUIDANCE: &str = include_str!("guidance.md");

/// What the description says of a picture that Easel's own clients show.
const SHOWN: &str = "The picture is saved and shown to the user as soon as it is done; do not repeat it, link it or \
                     describe it at length.";
/// What it says instead to the model of another client.
const NOT_SHOWN: &str =
    "The picture is saved, and the result names its path and its handle; show the user one of them.";

/// The default system instructions.
pub const INSTRUCTIONS: &str = include_str!("instructions.md");

/// Returns whether a function call names the standalone tool. Compatible servers join namespace and name, or drop the
/// namespace.
pub fn is_standalone(namespace: Option<&str>, name: &str) -> bool {
    match namespace {
        Some(NAMESPACE) => name == FUNCTION,
        Some(_) => false,
        None => matches!(name, FUNCTION | STANDALONE_NAME | "image_gen__imagegen"),
    }
}

/// Returns the entries for an exposure: one or none. `partial_images` is the maximum number of previews of an image.
pub fn tool_entries(exposure: ToolExposure, capabilities: &Capabilities, partial_images: u32) -> Vec<Value> {
    match exposure {
        ToolExposure::Standalone => vec![standalone_entry(capabilities)],
        ToolExposure::Hosted => vec![hosted_entry(partial_images)],
        ToolExposure::None => Vec::new(),
    }
}

/// Returns the entry of the hosted tool.
pub fn hosted_entry(partial_images: u32) -> Value {
    match partial_images {
        0 => json!({"type": "image_generation"}),
        _ => json!({"type": "image_generation", "partial_images": partial_images}),
    }
}

/// Returns the entry of the standalone tool.
pub fn standalone_entry(capabilities: &Capabilities) -> Value {
    json!({
        "type": "namespace",
        "name": NAMESPACE,
        "description": NAMESPACE_DESCRIPTION,
        "tools": [{
            "type": "function",
            "name": FUNCTION,
            "description": GUIDANCE.trim_end(),
            "strict": false,
            "parameters": input_schema(capabilities),
        }],
    })
}

/// Returns the entry of the standalone tool in `dynamicTools` of the Codex app-server's `thread/start`.
pub fn dynamic_entry(capabilities: &Capabilities) -> Value {
    json!({
        "type": "namespace",
        "name": DYNAMIC_NAMESPACE,
        "description": NAMESPACE_DESCRIPTION,
        "tools": [{
            "type": "function",
            "name": FUNCTION,
            "description": host_description(),
            "inputSchema": input_schema(capabilities),
        }],
    })
}

/// Returns the description of the standalone tool for the model of a client, which may not show the pictures.
pub fn host_description() -> String {
    GUIDANCE.trim_end().replacen(SHOWN, NOT_SHOWN, 1)
}

/// Returns the JSON Schema of the standalone tool's arguments.
pub fn input_schema(capabilities: &Capabilities) -> Value {
    json!({
        "type": "object",
        "properties": build_properties(capabilities),
        "required": ["prompt"],
        "additionalProperties": false,
    })
}

fn build_properties(capabilities: &Capabilities) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut add = |name: &str, schema: Value| properties.insert(name.to_owned(), schema);
    add(
        "prompt",
        json!({
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_PROMPT_CHARS,
            "description": "A description of the picture to make, or of the change to the pictures in `images`.",
        }),
    );
    if capabilities.max_references > 0 {
        add(
            "action",
            json!({
                "type": "string",
                "enum": ["generate", "edit"],
                "description": "Default: `edit` if `images` is not empty, else `generate`.",
            }),
        );
        add(
            "images",
            json!({
                "type": "array",
                "items": {"type": "string"},
                "maxItems": capabilities.max_references,
                "description": "The pictures to edit, in the order in which the prompt mentions them: handles (img_…) or absolute paths.",
            }),
        );
    }
    for parameter in &capabilities.parameters {
        let (name, schema) = build_parameter_schema(*parameter, capabilities);
        add(name, schema);
        if *parameter == Parameter::Mask {
            let description = "Whether the pixels outside the mask are put back exactly after the edit.";
            add("preserve", json!({"type": "boolean", "description": description}));
        }
    }
    properties
}

fn build_parameter_schema(parameter: Parameter, capabilities: &Capabilities) -> (&'static str, Value) {
    match parameter {
        Parameter::Size => ("size", json!({"type": "string", "description": "WIDTHxHEIGHT in pixels, or `auto`."})),
        Parameter::Quality => ("quality", json!({"type": "string", "enum": ["auto", "low", "medium", "high"]})),
        Parameter::Background => ("background", json!({"type": "string", "enum": ["auto", "opaque", "transparent"]})),
        Parameter::OutputFormat => ("output_format", json!({"type": "string", "enum": ["png", "jpeg", "webp"]})),
        Parameter::N => (
            "n",
            json!({
                "type": "integer",
                "minimum": 1,
                "maximum": capabilities.max_n,
                "description": "How many variants of the same picture.",
            }),
        ),
        Parameter::Mask => (
            "mask",
            json!({"type": "string", "description": "Handle or absolute path of a PNG whose transparent area may change."}),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capabilities(max_references: usize, parameters: &[Parameter]) -> Capabilities {
        Capabilities {
            image_generation: true,
            hosted_image_generation: true,
            namespace_tools: true,
            image_auth: [].into(),
            parameters: parameters.iter().copied().collect(),
            max_references,
            max_n: 4,
            partial_images: false,
            bills: false,
        }
    }

    fn parameter_names(capabilities: &Capabilities) -> Vec<String> {
        build_properties(capabilities).into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn advertises_declared_parameters_only() {
        assert_eq!(parameter_names(&capabilities(0, &[])), ["prompt"]);
        assert_eq!(parameter_names(&capabilities(5, &[])), ["action", "images", "prompt"]);
        let some = [Parameter::Size, Parameter::Mask];
        assert_eq!(
            parameter_names(&capabilities(5, &some)),
            ["action", "images", "mask", "preserve", "prompt", "size"]
        );
    }

    #[test]
    fn codex_spelling_is_not_advertised() {
        let all = [Parameter::Size, Parameter::Quality, Parameter::Background, Parameter::OutputFormat, Parameter::N];
        let names = parameter_names(&capabilities(5, &all));
        for hidden in ["referenced_image_paths", "num_last_images_to_include", "transparent_background"] {
            assert!(!names.iter().any(|name| name == hidden), "{hidden}");
        }
    }

    #[test]
    fn recognizes_all_spellings_of_the_name() {
        for (namespace, name) in [
            (Some("image_gen"), "imagegen"),
            (None, "imagegen"),
            (None, "image_gen.imagegen"),
            (None, "image_gen__imagegen"),
        ] {
            assert!(is_standalone(namespace, name), "{namespace:?} {name}");
        }
        for (namespace, name) in
            [(Some("other"), "imagegen"), (Some("image_gen"), "other"), (None, "generate"), (Some(""), "imagegen")]
        {
            assert!(!is_standalone(namespace, name), "{namespace:?} {name}");
        }
    }

    #[test]
    fn entry_is_a_namespace_with_one_function() {
        let mut entry = standalone_entry(&capabilities(5, &[Parameter::N]));
        entry["tools"][0]["description"] = "[guidance]".into();
        insta::assert_json_snapshot!(entry);
        insta::assert_json_snapshot!(tool_entries(ToolExposure::Hosted, &capabilities(5, &[]), 0), @r#"
        [
          {
            "type": "image_generation"
          }
        ]
        "#);
        let mut dynamic = dynamic_entry(&capabilities(5, &[Parameter::N]));
        assert_eq!(dynamic["tools"][0]["inputSchema"], entry["tools"][0]["parameters"]);
        dynamic["tools"][0]["inputSchema"] = "[schema]".into();
        insta::assert_json_snapshot!(dynamic, { ".tools[].description" => "[guidance]" },  @r#"
        {
          "description": "Makes and edits pictures.",
          "name": "easel",
          "tools": [
            {
              "description": "[guidance]",
              "inputSchema": "[schema]",
              "name": "imagegen",
              "type": "function"
            }
          ],
          "type": "namespace"
        }
        "#);
        assert_eq!(hosted_entry(2)["partial_images"], 2);
        assert!(tool_entries(ToolExposure::None, &capabilities(5, &[]), 3).is_empty());
    }

    #[test]
    fn host_description_does_not_say_that_pictures_are_shown() {
        let description = host_description();
        assert!(description.contains(NOT_SHOWN) && !description.contains("shown to the user"), "{description}");
    }

    #[test]
    fn guidance_and_instructions_are_short() {
        assert!(GUIDANCE.len() < 2_000, "{} bytes", GUIDANCE.len());
        assert!((100..600).contains(&INSTRUCTIONS.len()), "{} bytes", INSTRUCTIONS.len());
    }
}
