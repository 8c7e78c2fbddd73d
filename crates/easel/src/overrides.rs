//! What a thread has of its own beside the configuration, as its row keeps it.

use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// Longest instructions, in Unicode scalar values: what the keys take.
const MAX_CHARS: usize = 32_768;

/// Most bytes of a thread's configuration as JSON, which is stored with it.
const MAX_BYTES: usize = 256 << 10;

const BASE: &str = "model_instructions";
const DEVELOPER: &str = "developer_instructions";

/// The instructions of a request; empty ones are as good as none.
pub(crate) struct Instructions<'a> {
    pub(crate) base: Option<&'a str>,
    pub(crate) developer: Option<&'a str>,
}

/// The overrides of a thread, with what a request changes of them: its `config` takes their place, but for instructions,
/// which stay until others are given.
pub(crate) fn changed(
    before: &Map<String, Value>,
    config: Option<&Map<String, Value>>,
    instructions: &Instructions<'_>,
) -> Result<Map<String, Value>, Refusal> {
    if config.is_some_and(|config| serde_json::to_string(config).map_or(usize::MAX, |json| json.len()) > MAX_BYTES) {
        return Err(Refusal::field("config", format!("has more than {MAX_BYTES} bytes")));
    }
    let mut after = config.unwrap_or(before).clone();
    let given =
        [(BASE, "baseInstructions", instructions.base), (DEVELOPER, "developerInstructions", instructions.developer)];
    for (key, field, text) in given {
        match text.filter(|text| !text.is_empty()) {
            Some(text) if text.chars().count() > MAX_CHARS => {
                return Err(Refusal::field(field, format!("must have at most {MAX_CHARS} characters")));
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
