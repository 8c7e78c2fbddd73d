//! Parses a raw value as the kind of its key.

use serde_json::Value;

use super::hooks;
use crate::keys::{Kind, MAX_PRICE};
use crate::layers::RawValue;

/// Maximum length of a URL in bytes.
const MAX_URL_LEN: usize = 2_048;

/// Maximum length of the name of an environment variable in bytes.
const MAX_VARIABLE_LEN: usize = 128;

/// Returns the value if it is of the kind and within its limits.
pub(super) fn parse(kind: Kind, value: RawValue) -> Option<Value> {
    match kind {
        Kind::Bool => parse_bool(&value).map(Value::Bool),
        Kind::Number(low, high) => parse_number(&value).filter(|number| (low..=high).contains(number)).map(Value::from),
        Kind::Price => parse_price(&value).map(Value::from),
        Kind::Text(max) => parse_text(value, |text| is_text(text, max, &[])),
        Kind::MultilineText(max) => parse_text(value, |text| is_text(text, max, &['\n', '\r', '\t'])),
        Kind::Enum(words) => parse_text(value, |text| words.contains(&text)),
        Kind::Url => parse_text(value, is_url),
        Kind::VariableName => parse_text(value, is_variable_name),
        Kind::VariableNameList(max) => parse_list(value, max, is_variable_name),
        Kind::TextList(max, max_chars) => {
            parse_list(value, max, |text| text.is_empty() || is_text(text, max_chars, &[]))
        }
        Kind::EnumList(words) => parse_enum_list(value, words),
        Kind::Hooks => hooks::parse(value),
        Kind::CodexHooks => hooks::parse_codex(value),
    }
}

/// Parses a list of at most `max` strings. An environment variable cannot hold one, since any string may have commas.
fn parse_list(value: RawValue, max: usize, is_valid: impl Fn(&str) -> bool) -> Option<Value> {
    let RawValue::List(items) = value else { return None };
    let texts: Option<Vec<Value>> = items.into_iter().map(|item| parse_text(item, &is_valid)).collect();
    texts.filter(|texts| texts.len() <= max).map(Value::Array)
}

fn parse_enum_list(value: RawValue, words: &[&str]) -> Option<Value> {
    let items = match value {
        RawValue::List(items) => items,
        RawValue::Untyped(text) => text.split(',').map(|word| RawValue::Text(word.trim().to_owned())).collect(),
        RawValue::Bool(_)
        | RawValue::Integer(_)
        | RawValue::Float(_)
        | RawValue::Text(_)
        | RawValue::Table(_)
        | RawValue::Unsupported => return None,
    };
    let mut unique = Vec::new();
    for item in items {
        let word = parse_text(item, |text| words.contains(&text))?;
        if unique.contains(&word) {
            return None;
        }
        unique.push(word);
    }
    Some(Value::Array(unique))
}

fn parse_bool(value: &RawValue) -> Option<bool> {
    match value {
        RawValue::Bool(value) => Some(*value),
        RawValue::Untyped(text) => text.trim().to_ascii_lowercase().parse().ok(),
        RawValue::Integer(_)
        | RawValue::Float(_)
        | RawValue::Text(_)
        | RawValue::Table(_)
        | RawValue::List(_)
        | RawValue::Unsupported => None,
    }
}

fn parse_number(value: &RawValue) -> Option<u64> {
    match value {
        RawValue::Integer(number) => u64::try_from(*number).ok(),
        RawValue::Untyped(text) => text.trim().parse().ok(),
        RawValue::Bool(_)
        | RawValue::Float(_)
        | RawValue::Text(_)
        | RawValue::Table(_)
        | RawValue::List(_)
        | RawValue::Unsupported => None,
    }
}

fn parse_price(value: &RawValue) -> Option<f64> {
    let price: f64 = match value {
        RawValue::Float(price) => *price,
        RawValue::Integer(dollars) => f64::from(u32::try_from(*dollars).ok()?),
        RawValue::Untyped(text) => text.trim().parse().ok()?,
        RawValue::Bool(_) | RawValue::Text(_) | RawValue::Table(_) | RawValue::List(_) | RawValue::Unsupported => {
            return None;
        }
    };
    (0.0..=f64::from(MAX_PRICE)).contains(&price).then_some(price)
}

fn parse_text(value: RawValue, is_valid: impl Fn(&str) -> bool) -> Option<Value> {
    match value {
        RawValue::Text(text) | RawValue::Untyped(text) => is_valid(&text).then_some(Value::String(text)),
        RawValue::Bool(_)
        | RawValue::Integer(_)
        | RawValue::Float(_)
        | RawValue::Table(_)
        | RawValue::List(_)
        | RawValue::Unsupported => None,
    }
}

/// Returns whether the text has 1 to `max` characters and no control characters besides the allowed ones.
fn is_text(text: &str, max: usize, allowed_controls: &[char]) -> bool {
    (1..=max).contains(&text.chars().count()) && text.chars().all(|c| !c.is_control() || allowed_controls.contains(&c))
}

fn is_url(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return false };
    let host = rest.split('/').next().unwrap_or_default();
    let is_plain = text.len() <= MAX_URL_LEN && text.bytes().all(|b| b.is_ascii_graphic());
    is_plain && !host.is_empty() && !rest.contains(['?', '#', '@', '\\'])
}

fn is_variable_name(text: &str) -> bool {
    (1..=MAX_VARIABLE_LEN).contains(&text.len())
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
