//! Calls of the tool by clients that run their own model loop: the names that they use, and what makes a call the same
//! as an earlier one.

use easel_protocol::id::ItemId;
use easel_protocol::tool::ToolArguments;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::spec::{DYNAMIC_NAMESPACE, FUNCTION, NAMESPACE, STANDALONE_NAME, is_standalone};

/// Maximum length of a call id that becomes the id of its item unchanged, in bytes. Providers accept at most 64 bytes
/// in a conversation, and a number may follow: `-` and up to ten digits.
const MAX_PLAIN_ID: usize = 53;

/// Returns whether a client calls the standalone tool by this name. Besides the names that models use, these are the
/// namespace for the Codex app-server, and the joined names of hosts without namespaces.
pub fn is_image_tool(namespace: Option<&str>, name: &str) -> bool {
    match namespace.filter(|namespace| !namespace.is_empty()) {
        Some(DYNAMIC_NAMESPACE) => name == FUNCTION,
        None if is_joined(name) => true,
        namespace => is_standalone(namespace, name),
    }
}

/// Returns whether `name` joins a namespace and the function with `.`, `__` or `_`.
fn is_joined(name: &str) -> bool {
    [NAMESPACE, DYNAMIC_NAMESPACE].iter().any(|namespace| {
        let rest = name.strip_prefix(namespace).and_then(|rest| rest.strip_suffix(FUNCTION));
        rest.is_some_and(|separator| matches!(separator, "." | "__" | "_"))
    })
}

/// Returns the arguments as a model writes them: an object as JSON, with its keys in order.
pub fn to_json(arguments: &ToolArguments) -> String {
    match arguments {
        ToolArguments::Object(object) => canonical_json(&Value::Object(object.clone())),
        ToolArguments::Json(json) => json.clone(),
    }
}

/// Returns the hash of a call: the same for equal arguments, whatever the order of their keys, and whether they come as
/// an object or as JSON.
pub fn hash(arguments: &ToolArguments) -> [u8; 32] {
    let canonical = match arguments {
        ToolArguments::Object(_) => to_json(arguments),
        ToolArguments::Json(json) => {
            serde_json::from_str(json).map_or_else(|_| json.clone(), |value| canonical_json(&value))
        }
    };
    let mut hash = Sha256::new();
    hash.update(STANDALONE_NAME);
    hash.update([0]);
    hash.update(canonical);
    hash.finalize().into()
}

/// Returns the id that the item of a call has if the thread does not use it.
pub fn preferred_item_id(call_id: &str) -> ItemId {
    if call_id.len() <= MAX_PLAIN_ID {
        return call_id.into();
    }
    let hash = Sha256::digest(call_id.as_bytes());
    let hash: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("call_{hash}").into()
}

/// Writes a value with the keys of every object in order. The order in which `serde_json` keeps them depends on a
/// feature that any crate of the program may turn on.
pub(crate) fn canonical_json(value: &Value) -> String {
    let mut json = String::new();
    write_canonical(value, &mut json);
    json
}

fn write_canonical(value: &Value, json: &mut String) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => json.push_str(&value.to_string()),
        Value::Array(parts) => {
            json.push('[');
            for (index, part) in parts.iter().enumerate() {
                json.push_str(if index == 0 { "" } else { "," });
                write_canonical(part, json);
            }
            json.push(']');
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| key.as_str());
            json.push('{');
            for (index, (key, field)) in fields.into_iter().enumerate() {
                json.push_str(if index == 0 { "" } else { "," });
                json.push_str(&Value::from(key.as_str()).to_string());
                json.push(':');
                write_canonical(field, json);
            }
            json.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item_id::with_number;

    fn object(json: &str) -> ToolArguments {
        ToolArguments::Object(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn joined_and_separate_names_are_known() {
        for (namespace, name) in [
            (Some("image_gen"), "imagegen"),
            (Some("easel"), "imagegen"),
            (Some(""), "imagegen"),
            (None, "imagegen"),
            (None, "image_gen.imagegen"),
            (None, "image_gen__imagegen"),
            (None, "image_gen_imagegen"),
            (None, "easel.imagegen"),
            (None, "easel__imagegen"),
        ] {
            assert!(is_image_tool(namespace, name), "{namespace:?} {name}");
        }
        for (namespace, name) in [
            (Some("other"), "imagegen"),
            (Some("easel"), "other"),
            (None, "image_gen"),
            (None, "image_gen-imagegen"),
            (None, "imagegenimagegen"),
            (None, ""),
        ] {
            assert!(!is_image_tool(namespace, name), "{namespace:?} {name}");
        }
    }

    #[test]
    fn hash_ignores_the_order_of_keys_at_every_depth() {
        let first = object(r#"{"prompt": "a", "x": {"b": [1, {"d": 2, "c": 3}], "a": null}}"#);
        let second = object(r#"{"x": {"a": null, "b": [1, {"c": 3, "d": 2}]}, "prompt": "a"}"#);
        assert_eq!(hash(&first), hash(&second));
        assert_eq!(to_json(&first), r#"{"prompt":"a","x":{"a":null,"b":[1,{"c":3,"d":2}]}}"#);
        assert_ne!(hash(&first), hash(&object(r#"{"prompt": "a", "x": {"b": [{"d": 2, "c": 3}, 1], "a": null}}"#)));
    }

    #[test]
    fn hash_of_json_is_that_of_its_object() {
        let json = |json: &str| hash(&ToolArguments::Json(json.to_owned()));
        assert_eq!(json(r#" {"b": "\u0061", "a": 1} "#), hash(&object(r#"{"a": 1, "b": "a"}"#)));
        assert_ne!(json("{"), json("{}"));
        assert_ne!(json(r#"{"a": 1}"#), json(r#"{"a": "1"}"#));
    }

    #[test]
    fn long_id_becomes_a_short_one() {
        assert_eq!(preferred_item_id("toolu_01"), "toolu_01");
        let long = "x".repeat(256);
        let id = preferred_item_id(&long);
        assert!(id.starts_with("call_") && id.len() == 37, "{id}");
        assert_ne!(id, preferred_item_id(&long[1..]));
        for len in 1..=256 {
            let id = with_number(&preferred_item_id(&long[..len]), u32::MAX);
            assert!(id.len() <= 64, "{len}: {id}");
        }
    }
}
