//! The identity of a call's arguments.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// Returns a hash of arguments that does not depend on the order of their keys.
pub(crate) fn hash(arguments: &Map<String, Value>) -> String {
    let mut text = String::new();
    write_object(&mut text, arguments);
    hex::encode(Sha256::digest(text.as_bytes()))
}

fn write_object(text: &mut String, object: &Map<String, Value>) {
    let mut members: Vec<_> = object.iter().collect();
    members.sort_by_key(|(name, _)| *name);
    text.push('{');
    for (name, value) in members {
        text.push_str(&Value::from(name.as_str()).to_string());
        text.push(':');
        write(text, value);
        text.push(',');
    }
    text.push('}');
}

fn write(text: &mut String, value: &Value) {
    match value {
        Value::Object(object) => write_object(text, object),
        Value::Array(items) => {
            text.push('[');
            for item in items {
                write(text, item);
                text.push(',');
            }
            text.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => text.push_str(&value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash_of(json: &str) -> String {
        hash(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn order_of_keys_does_not_count_and_values_do() {
        assert_eq!(hash_of(r#"{"a":1,"b":{"c":[1,2],"d":null}}"#), hash_of(r#"{"b":{"d":null,"c":[1,2]},"a":1}"#));
        assert_ne!(hash_of(r#"{"a":[1,2]}"#), hash_of(r#"{"a":[2,1]}"#));
        assert_ne!(hash_of(r#"{"a":"1"}"#), hash_of(r#"{"a":1}"#));
    }
}
