//! Definitions for the variants of unions.

use serde_json::{Map, Value, json};

/// Moves each variant of a tagged union into a definition of its own, such as `TextUserInput` of `UserInput`. Code
/// generators name a type after its definition; for a schema inside a list they invent a name, such as `UserInput3`.
pub(super) fn extract(definitions: &mut Map<String, Value>) {
    let mut extracted = Map::new();
    for (union, definition) in definitions.iter_mut() {
        for variant in definition.get_mut("oneOf").and_then(Value::as_array_mut).into_iter().flatten() {
            let Some(name) = describe_tag(variant, union) else { continue };
            let reference = json!({ "$ref": format!("#/definitions/{name}") });
            extracted.insert(name, std::mem::replace(variant, reference));
        }
    }
    for variant in extracted.values_mut() {
        describe_params(variant, definitions);
    }
    definitions.extend(extracted);
}

/// Describes the tag, which is the member with the name of the variant, and returns that name. `None` without a tag.
fn describe_tag(variant: &mut Value, union: &str) -> Option<String> {
    let properties = variant.get_mut("properties")?.as_object_mut()?;
    let (member, tag) =
        ["type", "method"].into_iter().find_map(|member| Some((member, properties.get(member)?["const"].as_str()?)))?;
    let (value, name) = (tag.to_owned(), in_pascal_case(tag) + union);
    let tag = properties.get_mut(member)?.as_object_mut()?;
    tag.insert("title".to_owned(), (name.clone() + &in_pascal_case(member)).into());
    tag.insert("description".to_owned(), format!("Always `{value}`.").into());
    Some(name)
}

/// Describes the params of a message, and the message itself in the words of its params.
fn describe_params(message: &mut Value, definitions: &Map<String, Value>) {
    let Some(reference) = message["properties"]["params"].get("$ref").cloned() else { return };
    let target = reference.as_str().unwrap_or_default().trim_start_matches("#/definitions/");
    if let (None, Some(description)) = (message.get("description"), definitions[target].get("description")) {
        message["description"] = description.clone();
    }
    message["properties"]["params"] = json!({ "allOf": [{ "$ref": reference }], "description": "The params." });
}

fn in_pascal_case(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let capitalize = |word: &str| {
        word.chars().take(1).map(|c| c.to_ascii_uppercase()).chain(word.chars().skip(1)).collect::<String>()
    };
    words.map(capitalize).collect()
}
