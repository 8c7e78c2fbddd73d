//! The bodies of error responses, in the shapes that servers use.

use serde_json::{Map, Value};

use super::Moderation;

/// The fields of an error, as the server sent them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ErrorBody {
    pub(super) message: String,
    pub(super) code: Option<String>,
    pub(super) error_type: Option<String>,
    pub(super) param: Option<String>,
    pub(super) moderation: Option<Moderation>,
    pub(super) resets_at: Option<i64>,
    pub(super) resets_in: Option<i64>,
    pub(super) plan: Option<String>,
}

/// Parses a body: JSON, an HTML page or plain text.
pub(super) fn from_bytes(bytes: &[u8]) -> ErrorBody {
    match serde_json::from_slice(bytes) {
        Ok(json) => from_json(&json),
        Err(_) => message(visible_text(&String::from_utf8_lossy(bytes))),
    }
}

/// Parses OpenAI's and Azure's `{"error": {…}}`, FastAPI's `{"detail": …}`, `{"error": "text"}`, `{"message": …}`, and
/// each of them in a list.
pub(super) fn from_json(json: &Value) -> ErrorBody {
    match json {
        Value::Object(fields) => match (fields.get("error"), fields.get("detail")) {
            (Some(Value::Object(error)), _) => from_error(error),
            (Some(Value::String(error)), _) => {
                ErrorBody { code: label(fields, "code"), error_type: label(fields, "type"), ..message(error.clone()) }
            }
            (_, Some(Value::Object(detail))) => from_error(detail),
            (_, Some(Value::Array(details))) => ErrorBody {
                param: details.iter().find_map(location),
                ..message(details.iter().map(detail).collect::<Vec<_>>().join("; "))
            },
            (_, Some(Value::String(detail))) => message(detail.clone()),
            (_, Some(Value::Null | Value::Bool(_) | Value::Number(_)) | None) => from_error(fields),
        },
        Value::Array(items) => items.first().map(from_json).unwrap_or_default(),
        Value::String(text) => message(text.clone()),
        Value::Null | Value::Bool(_) | Value::Number(_) => ErrorBody::default(),
    }
}

fn from_error(error: &Map<String, Value>) -> ErrorBody {
    let inner = error.get("innererror").or_else(|| error.get("inner_error")).and_then(Value::as_object);
    let number = |name: &str| error.get(name).and_then(Value::as_i64);
    ErrorBody {
        message: ["message", "detail", "error"].into_iter().find_map(|name| label(error, name)).unwrap_or_default(),
        // Only Azure's inner code says that moderation refused the request.
        code: inner.and_then(|inner| label(inner, "code")).or_else(|| label(error, "code")),
        error_type: label(error, "type"),
        param: label(error, "param"),
        moderation: error.get("moderation_details").and_then(Value::as_object).map(moderation),
        resets_at: number("resets_at"),
        resets_in: number("resets_in_seconds"),
        plan: label(error, "plan_type"),
    }
}

fn moderation(details: &Map<String, Value>) -> Moderation {
    let categories = details.get("categories").and_then(Value::as_array).into_iter().flatten();
    Moderation {
        stage: label(details, "moderation_stage"),
        categories: categories.filter_map(Value::as_str).map(str::to_owned).collect(),
    }
}

/// Formats one entry of FastAPI's list as `location: message`. The entry also has the rejected input, such as a prompt,
/// which is left out.
fn detail(detail: &Value) -> String {
    let text = ["msg", "type"].into_iter().find_map(|name| detail.get(name)?.as_str()).or_else(|| detail.as_str());
    let text = text.unwrap_or("invalid").to_owned();
    let location = detail.get("loc").and_then(Value::as_array).and_then(|location| location.last());
    match location.and_then(Value::as_str) {
        Some(location) => format!("{location}: {text}"),
        None => text,
    }
}

/// Converts FastAPI's location, such as `["body", "input", 3, "role"]`, to the form of OpenAI's `param`:
/// `input[3].role`.
fn location(detail: &Value) -> Option<String> {
    let mut param = String::new();
    for part in detail.get("loc")?.as_array()?.iter().skip_while(|part| *part == "body").take(16) {
        match part {
            Value::String(name) if param.is_empty() => param.push_str(name),
            Value::String(name) => param.push_str(&format!(".{name}")),
            Value::Number(index) => param.push_str(&format!("[{index}]")),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {}
        }
    }
    Some(param).filter(|param| !param.is_empty())
}

/// Returns a field that is text or a number, as text. Servers use either for `code`.
fn label(fields: &Map<String, Value>, name: &str) -> Option<String> {
    match fields.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn message(message: String) -> ErrorBody {
    ErrorBody { message, ..ErrorBody::default() }
}

/// Returns the title of an HTML page, or its text without tags. Returns other text unchanged.
fn visible_text(text: &str) -> String {
    if !text.trim_start().starts_with('<') {
        return text.to_owned();
    }
    let lower = text.to_ascii_lowercase();
    let title = lower.find("<title>").map(|at| at + "<title>".len());
    let title = title.and_then(|from| Some(&text[from..from + lower[from..].find("</title>")?]));
    title.map_or_else(|| without_tags(text), str::to_owned)
}

fn without_tags(html: &str) -> String {
    let mut text = String::new();
    for part in html.split('<').skip(1) {
        text.push(' ');
        text.push_str(part.split_once('>').map_or("", |(_, after)| after));
    }
    text
}
