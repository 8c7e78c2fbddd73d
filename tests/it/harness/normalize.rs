//! Replaces what differs between two runs: ids, times, paths and hashes.

use serde::Serialize;
use serde_json::Value;

use super::Sandbox;

/// Replaces each value that depends on the run or on the renderer by a placeholder.
pub(crate) fn normalize(sandbox: &Sandbox, value: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(value).expect("JSON");
    scrub(sandbox, "", &mut value);
    value
}

fn scrub(sandbox: &Sandbox, key: &str, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let renamed = std::mem::take(fields).into_iter().map(|(key, mut value)| {
                scrub(sandbox, &key, &mut value);
                (sandbox.hide_root(&key, "[root]"), value)
            });
            *fields = renamed.collect();
        }
        Value::Array(values) => values.iter_mut().for_each(|value| scrub(sandbox, key, value)),
        Value::Number(_) if key.ends_with("At") || key.ends_with("Ms") => *value = "[time]".into(),
        Value::Number(_) if key == "bytes" || key.ends_with("Tokens") => *value = "[number]".into(),
        Value::String(text) if key == "path" && text.contains(".preview.") => *value = "[preview]".into(),
        Value::String(_) if key == "sha256" => *value = "[sha256]".into(),
        Value::String(text) => *text = words(&without_port(&sandbox.hide_root(text, "[root]"))),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Replaces the port of a test server, which has more than one digit.
fn without_port(text: &str) -> String {
    let Some((before, after)) = text.split_once("127.0.0.1:") else { return text.to_owned() };
    let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
    if after.len() - rest.len() < 2 { text.to_owned() } else { format!("{before}127.0.0.1:[port]{rest}") }
}

/// Replaces each id in a text by a placeholder.
fn words(text: &str) -> String {
    let in_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let pieces = text.split_inclusive(|c: char| !in_word(c));
    pieces
        .map(|piece| {
            let (word, rest) = piece.split_at(piece.find(|c: char| !in_word(c)).unwrap_or(piece.len()));
            format!("{}{rest}", placeholder(word).unwrap_or(word))
        })
        .collect()
}

fn placeholder(word: &str) -> Option<&'static str> {
    let is_hex = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_hexdigit());
    let is_uuid = word.len() == 36 && word.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    let kinds =
        [("img_", "[handle]"), ("call_", "[call]"), ("ig_", "[call]"), ("mcp_", "[call]"), ("msg_", "[message]")];
    let kind = kinds
        .iter()
        .find(|(prefix, _)| word.strip_prefix(prefix).is_some_and(|rest| is_hex(rest) || rest.starts_with("preview")));
    if is_uuid { Some("[uuid]") } else { kind.map(|(_, placeholder)| *placeholder) }
}
