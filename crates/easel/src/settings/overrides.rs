//! The configuration overrides of a thread, which are stored with it.

use serde_json::{Map, Value};

use crate::requests::RequestError;

/// Maximum length of instructions, in Unicode scalar values. It is also the limit of the keys in the configuration.
const MAX_INSTRUCTION_CHARS: usize = 32_768;

/// Maximum size of a thread's overrides as JSON, in bytes.
const MAX_BYTES: usize = 256 << 10;

const BASE_KEY: &str = "model_instructions";
const DEVELOPER_KEY: &str = "developer_instructions";

/// The instructions of a request. Empty ones count as absent.
pub(crate) struct Instructions<'a> {
    pub(crate) base: Option<&'a str>,
    pub(crate) developer: Option<&'a str>,
}

/// Merges the overrides of a thread with those of a request. The request's `config` replaces them, except for
/// instructions, which stay until the request replaces those too.
///
/// # Errors
/// [`RequestError::BadField`] if the config or the instructions are too long.
pub(crate) fn merge_overrides(
    before: &Map<String, Value>,
    config: Option<&Map<String, Value>>,
    instructions: &Instructions<'_>,
) -> Result<Map<String, Value>, RequestError> {
    if config.is_some_and(|config| serde_json::to_string(config).map_or(usize::MAX, |json| json.len()) > MAX_BYTES) {
        return Err(RequestError::field("config", format!("has more than {MAX_BYTES} bytes")));
    }
    let mut after = config.unwrap_or(before).clone();
    let fields = [
        (BASE_KEY, "baseInstructions", instructions.base),
        (DEVELOPER_KEY, "developerInstructions", instructions.developer),
    ];
    for (key, field, text) in fields {
        match text.filter(|text| !text.is_empty()) {
            Some(text) if text.chars().count() > MAX_INSTRUCTION_CHARS => {
                let reason = format!("must have at most {MAX_INSTRUCTION_CHARS} characters");
                return Err(RequestError::field(field, reason));
            }
            Some(text) => {
                after.insert(key.to_owned(), Value::from(text));
            }
            None => {
                if let (Some(text), false) = (before.get(key), after.contains_key(key)) {
                    after.insert(key.to_owned(), text.clone());
                }
            }
        }
    }
    Ok(after)
}
