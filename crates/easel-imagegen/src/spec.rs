//! The tools as the model is told of them: exact entries of the Responses API's `tools` array.

use easel_protocol::tool::ToolExposure;
use serde_json::{Map, Value, json};

use crate::arguments::MAX_PROMPT_CHARS;
use crate::capability::{Capabilities, Parameter};

pub const NAMESPACE: &str = "image_gen";
pub const FUNCTION: &str = "imagegen";
/// The standalone tool as clients name it.
pub const STANDALONE_NAME: &str = "image_gen.imagegen";
/// The hosted tool as clients name it.
pub const HOSTED_NAME: &str = "image_generation";

/// What the model is told of generating and editing.
pub const GUIDANCE: &str = include_str!("guidance.md");

/// What the model is told to be, where nobody says otherwise.
pub const INSTRUCTIONS: &str = include_str!("instructions.md");

/// Whether a function call means the standalone tool. Compatible servers join the namespace to the name, or lose it.
pub fn is_standalone(namespace: Option<&str>, name: &str) -> bool {
    match namespace {
        Some(NAMESPACE) => name == FUNCTION,
        Some(_) => false,
        None => matches!(name, FUNCTION | STANDALONE_NAME | "image_gen__imagegen"),
    }
}

/// The entries for what the gate decided: one, or none.
/// `partial_images` is how often an image is shown while it is made.
pub fn entries(exposure: ToolExposure, capabilities: &Capabilities, partial_images: u32) -> Vec<Value> {
    match exposure {
        ToolExposure::Standalone => vec![standalone_entry(capabilities)],
        ToolExposure::Hosted => vec![hosted_entry(partial_images)],
        ToolExposure::None => Vec::new(),
    }
}

pub fn hosted_entry(partial_images: u32) -> Value {
    match partial_images {
        0 => json!({"type": "image_generation"}),
        _ => json!({"type": "image_generation", "partial_images": partial_images}),
    }
}

pub fn standalone_entry(capabilities: &Capabilities) -> Value {
    json!({
        "type": "namespace",
        "name": NAMESPACE,
        "description": "Makes and edits pictures.",
        "tools": [{
            "type": "function",
            "name": FUNCTION,
            "description": GUIDANCE.trim_end(),
            "strict": false,
            "parameters": {
                "type": "object",
                "properties": properties(capabilities),
                "required": ["prompt"],
                "additionalProperties": false,
            },
        }],
    })
}

fn properties(capabilities: &Capabilities) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut add = |name: &str, schema: Value| properties.insert(name.to_owned(), schema);
    add(
        "prompt",
        json!({
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_PROMPT_CHARS,
            "description": "The picture to make, or what to change in the pictures given.",
        }),
    );
    if capabilities.max_references > 0 {
        add(
            "action",
            json!({
                "type": "string",
                "enum": ["generate", "edit"],
                "description": "Left out, it is `edit` when `images` names some, else `generate`.",
            }),
        );
        add(
            "images",
            json!({
                "type": "array",
                "items": {"type": "string"},
                "maxItems": capabilities.max_references,
                "description": "The pictures to edit, in the order the prompt speaks of: handles (img_…) or absolute paths.",
            }),
        );
    }
    for parameter in &capabilities.parameters {
        let (name, schema) = optional(*parameter, capabilities);
        add(name, schema);
    }
    properties
}

fn optional(parameter: Parameter, capabilities: &Capabilities) -> (&'static str, Value) {
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

    fn advertised(capabilities: &Capabilities) -> Vec<String> {
        properties(capabilities).into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn only_declared_parameters_are_advertised() {
        assert_eq!(advertised(&capabilities(0, &[])), ["prompt"]);
        assert_eq!(advertised(&capabilities(5, &[])), ["action", "images", "prompt"]);
        let some = [Parameter::Size, Parameter::Mask];
        assert_eq!(advertised(&capabilities(5, &some)), ["action", "images", "mask", "prompt", "size"]);
    }

    #[test]
    fn the_peers_spelling_is_never_advertised() {
        let all = [Parameter::Size, Parameter::Quality, Parameter::Background, Parameter::OutputFormat, Parameter::N];
        let names = advertised(&capabilities(5, &all));
        for hidden in ["referenced_image_paths", "num_last_images_to_include", "transparent_background"] {
            assert!(!names.iter().any(|name| name == hidden), "{hidden}");
        }
    }

    #[test]
    fn the_call_is_known_in_all_spellings_of_the_namespaced_name() {
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
    fn the_entry_is_one_namespace_with_one_function_that_is_not_strict() {
        let mut entry = standalone_entry(&capabilities(5, &[Parameter::N]));
        entry["tools"][0]["description"] = "[guidance]".into();
        insta::assert_json_snapshot!(entry);
        insta::assert_json_snapshot!(entries(ToolExposure::Hosted, &capabilities(5, &[]), 0), @r#"
        [
          {
            "type": "image_generation"
          }
        ]
        "#);
        assert_eq!(hosted_entry(2)["partial_images"], 2);
        assert!(entries(ToolExposure::None, &capabilities(5, &[]), 3).is_empty());
    }

    #[test]
    fn guidance_and_instructions_are_short_enough_to_send_with_every_request() {
        assert!(GUIDANCE.len() < 2_000, "{} bytes", GUIDANCE.len());
        assert!((100..600).contains(&INSTRUCTIONS.len()), "{} bytes", INSTRUCTIONS.len());
    }
}
