//! Answers a request that has a JSON Schema for the text of its response, as a title or a classification has.

use serde_json::{Map, Value, json};

/// Maximum depth of the values in an answer. Deeper ones are `null`.
const MAX_DEPTH: usize = 8;
/// Maximum number of words in a text of an answer.
const MAX_WORDS: usize = 7;

/// Returns a value that the schema allows, as far as the preview understands it: `type`, `properties`, `enum`,
/// `const`, `anyOf`, `minimum` and `maxLength`. Texts are the first words of the last line of `text`.
pub(super) fn fill(schema: &Value, text: &str) -> Value {
    let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let words: Vec<&str> = line.split_whitespace().take(MAX_WORDS).collect();
    fill_value(schema, &words.join(" "), 0)
}

fn fill_value(schema: &Value, text: &str, depth: usize) -> Value {
    if depth == MAX_DEPTH {
        return Value::Null;
    }
    let first = |key: &str| schema[key].as_array().and_then(|choices| choices.first());
    if let Some(value) = schema.get("const").or_else(|| first("enum")) {
        return value.clone();
    }
    if let Some(choice) = first("anyOf") {
        return fill_value(choice, text, depth + 1);
    }
    let kind = schema["type"].as_str().or_else(|| first("type").and_then(Value::as_str));
    match kind {
        Some("string") => Value::from(cut(text, schema["maxLength"].as_u64())),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| json!(0)),
        Some("boolean") => json!(false),
        Some("array") => json!([]),
        Some("object") => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            let fields = properties.map(|(name, schema)| (name.clone(), fill_value(schema, text, depth + 1)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        _ => Value::Null,
    }
}

fn cut(text: &str, max_length: Option<u64>) -> String {
    let max_length = max_length.and_then(|length| usize::try_from(length).ok()).unwrap_or(usize::MAX);
    text.chars().take(max_length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answer_has_the_shape_of_the_schema() {
        let string = json!({ "type": "string" });
        // (schema, answer)
        let table = [
            (json!({ "type": "object", "properties": { "title": string } }), json!({ "title": "draw a red fox" })),
            (json!({ "type": "string", "maxLength": 4 }), json!("draw")),
            (json!({ "type": ["string", "null"] }), json!("draw a red fox")),
            (json!({ "enum": ["b", "a"] }), json!("b")),
            (json!({ "const": 3 }), json!(3)),
            (json!({ "anyOf": [{ "type": "boolean" }, string] }), json!(false)),
            (json!({ "type": "integer", "minimum": 2 }), json!(2)),
            (json!({ "type": "number" }), json!(0)),
            (json!({ "type": "array", "items": string }), json!([])),
            (json!({ "type": "object" }), json!({})),
            (json!({}), Value::Null),
            (json!({ "type": "unknown" }), Value::Null),
        ];
        for (schema, answer) in table {
            assert_eq!(fill(&schema, "Write a title.\n\ndraw a red fox\n"), answer, "{schema}");
        }
    }

    #[test]
    fn texts_are_short_and_values_not_deep() {
        assert_eq!(fill(&json!({ "type": "string" }), "a b c d e f g h"), json!("a b c d e f g"));
        let schema = (0..20).fold(json!({ "type": "string" }), |inner, _| json!({ "anyOf": [inner] }));
        assert_eq!(fill(&schema, "a"), Value::Null);
    }
}
