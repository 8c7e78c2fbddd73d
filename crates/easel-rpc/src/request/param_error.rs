//! Finds the field of a value that does not fit its type.
//!
//! Serde's error says what is wrong, but not where. This module deserializes again with parts of the value removed, and
//! compares the messages. Unlike a deserializer that tracks the path, this needs no other code for each type of params,
//! and it works inside enums tagged by `type`, which serde buffers.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::request::json_terms::{missing_field, to_reason};

/// Largest value in bytes that is searched, with short strings. A search deserializes it many times.
const MAX_SEARCHED: usize = 256 << 10;

/// Longest string in Unix scalar values that is searched whole. No message depends on the end of a string.
const MAX_STRING: usize = 256;

/// A field that does not fit its type. The reason never quotes the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}`: {reason}")]
pub struct ParamError {
    /// The path of the field, such as `input[0].url`; `.` for the whole value.
    pub field: String,
    /// What is wrong with the field, to follow its path and a colon.
    pub reason: String,
}

/// Deserializes a value, and returns the reason why it does not fit; `None` if it fits.
pub(crate) type Check<'a> = &'a dyn Fn(&Value) -> Option<String>;

/// A step of a path into a value.
#[derive(Debug)]
enum Step {
    Key(String),
    Index(usize),
}

/// Deserializes a value that is a part of params.
///
/// # Errors
/// [`ParamError`] for the first field that does not fit. Its path starts at `value`.
pub fn read_value<T: DeserializeOwned>(value: &Value) -> Result<T, ParamError> {
    let reason = |error: serde_json::Error| to_reason(&error.to_string());
    T::deserialize(value).map_err(|error| {
        let found = find_in_value(value, &|value| T::deserialize(value).err().map(reason));
        found.unwrap_or_else(|| ParamError::new(".".to_owned(), reason(error)))
    })
}

/// Returns the first field of a value that does not fit, or `None` if all fit.
pub(crate) fn find_in_value(value: &Value, check: Check<'_>) -> Option<ParamError> {
    let reason = check(value)?;
    let short = with_short_strings(value);
    let fails = |value: &Value| check(value).is_some_and(|other| other == reason);
    if size_within(&short, MAX_SEARCHED).is_none() || !fails(&short) {
        return Some(ParamError::new(".".to_owned(), reason));
    }
    let steps = search(short, missing_field(&reason), &fails);
    // What serde_json says if something else is in the place of a string of a closed set.
    let reason = match value.pointer(&to_pointer(&steps)) {
        Some(found) if reason == "expected value" => format!("invalid type: {}, expected a string", describe(found)),
        Some(_) | None => reason,
    };
    Some(ParamError::new(to_path(&steps), reason))
}

/// Describes the kind of a value as serde does, in the terms of JSON.
fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => format!("boolean `{value}`"),
        Value::Number(number) if number.is_f64() => format!("floating point `{number}`"),
        Value::Number(number) => format!("integer `{number}`"),
        Value::String(_) => "string".to_owned(),
        Value::Array(_) => "array".to_owned(),
        Value::Object(_) => "object".to_owned(),
    }
}

/// Copies a value, with the beginnings of long strings.
fn with_short_strings(value: &Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        Value::String(text) => Value::String(text.chars().take(MAX_STRING).collect()),
        Value::Array(parts) => parts.iter().map(with_short_strings).collect(),
        Value::Object(parts) => {
            Value::Object(parts.iter().map(|(key, part)| (key.clone(), with_short_strings(part))).collect())
        }
    }
}

/// Returns the approximate size of a value in bytes, or `None` if it is over `limit`. Stops counting there.
fn size_within(value: &Value, limit: usize) -> Option<usize> {
    const VALUE_BYTES: usize = 8;
    let rest = limit.checked_sub(VALUE_BYTES)?;
    let rest = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => rest,
        Value::String(text) => rest.checked_sub(text.len())?,
        Value::Array(parts) => parts.iter().try_fold(rest, |rest, part| Some(rest - size_within(part, rest)?))?,
        Value::Object(parts) => parts.iter().try_fold(rest, |rest, (key, part)| {
            let rest = rest.checked_sub(key.len())?;
            Some(rest - size_within(part, rest)?)
        })?,
    };
    Some(limit - rest)
}

impl ParamError {
    /// Creates an error from a path and a reason. For a missing field, the path is that of the object around it.
    pub(crate) fn new(path: String, reason: String) -> Self {
        let Some((name, kind)) = missing_field(&reason) else { return Self { field: path, reason } };
        let field = if path == "." { name.to_owned() } else { format!("{path}.{name}") };
        Self { field, reason: kind.to_owned() }
    }
}

/// Returns the path of the field at fault.
fn search(mut value: Value, missing: Option<(&str, &str)>, fails: &dyn Fn(&Value) -> bool) -> Vec<Step> {
    let missing = missing.map(|(name, _)| name);
    let mut steps = Vec::new();
    while let Some(step) = part_at_fault(&mut value, &to_pointer(&steps), missing, fails) {
        steps.push(step);
    }
    steps
}

/// Returns the first part of the value at `at` that fails, and removes the parts after it. `None` if the value itself
/// is at fault.
fn part_at_fault(value: &mut Value, at: &str, missing: Option<&str>, fails: &dyn Fn(&Value) -> bool) -> Option<Step> {
    let parts = Parts::new(value.pointer_mut(at)?.take(), missing)?;
    let mut fails_with = |count| {
        let Some(place) = value.pointer_mut(at) else { return false };
        *place = parts.first(count);
        fails(value)
    };
    // Serde reads the parts in this order and stops at the first error, so all longer beginnings fail, too.
    let (mut fitting, mut failing) = (0, parts.len());
    if fails_with(fitting) || !fails_with(failing) {
        return None;
    }
    while failing - fitting > 1 {
        let middle = fitting.midpoint(failing);
        if fails_with(middle) { failing = middle } else { fitting = middle }
    }
    fails_with(failing);
    parts.step(fitting)
}

/// The parts of an array or an object, in the order in which they are added.
enum Parts {
    Array(Vec<Value>),
    Object {
        /// The field that the reason calls missing. It is always there, so that the reason is not that of this object,
        /// which may have it.
        missing: Option<String>,
        parts: Vec<(String, Value)>,
    },
}

impl Parts {
    /// Takes a value apart; `None` if it has no parts.
    fn new(value: Value, missing: Option<&str>) -> Option<Self> {
        match value {
            Value::Array(parts) => Some(Self::Array(parts)),
            Value::Object(parts) => {
                let mut parts: Vec<_> = parts.into_iter().collect();
                // The tag decides what the other fields are.
                parts.sort_by_key(|(key, _)| (key != "type", Some(key.as_str()) != missing));
                Some(Self::Object { missing: missing.map(ToOwned::to_owned), parts })
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Array(parts) => parts.len(),
            Self::Object { parts, .. } => parts.len(),
        }
    }

    /// Returns the value with its first parts only.
    fn first(&self, count: usize) -> Value {
        match self {
            Self::Array(parts) => Value::Array(parts[..count].to_vec()),
            Self::Object { missing, parts } => {
                let missing = missing.iter().map(|name| (name.clone(), Value::Null));
                Value::Object(missing.chain(parts[..count].iter().cloned()).collect())
            }
        }
    }

    fn step(&self, index: usize) -> Option<Step> {
        match self {
            Self::Array(_) => Some(Step::Index(index)),
            Self::Object { parts, .. } => parts.get(index).map(|(key, _)| Step::Key(key.clone())),
        }
    }
}

/// Returns the steps as a JSON pointer.
fn to_pointer(steps: &[Step]) -> String {
    let token = |step: &Step| match step {
        Step::Key(key) => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Step::Index(index) => format!("/{index}"),
    };
    steps.iter().map(token).collect()
}

/// Returns the steps as a path for people, such as `input[0].url`.
fn to_path(steps: &[Step]) -> String {
    if steps.is_empty() {
        return ".".to_owned();
    }
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Key(key) if path.is_empty() => path.push_str(key),
            Step::Key(key) => path.extend([".", key.as_str()]),
            Step::Index(index) => path.push_str(&format!("[{index}]")),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::{Map, json};

    #[derive(Debug, Deserialize)]
    #[serde(tag = "type", rename_all = "camelCase")]
    #[expect(dead_code, reason = "only parsed")]
    enum Part {
        Text { text: String, marks: Option<Vec<Mark>> },
        Group { parts: Vec<Self> },
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only parsed")]
    struct Mark {
        start: u64,
        end: u64,
    }

    #[test]
    fn finds_the_first_error_inside_tagged_enums() {
        let text = |marks: Value| json!({ "type": "text", "text": "x", "marks": marks });
        let group = |parts: Value| json!({ "type": "group", "parts": parts });
        let mark = json!({ "start": 1, "end": 2 });
        let cases = [
            (json!(5), ".: invalid type: integer `5`, expected an object"),
            (json!({ "text": "x" }), "type: missing field"),
            (json!({ "type": "text", "marks": [] }), "text: missing field"),
            (json!({ "type": "text", "text": 7, "marks": 7 }), "marks: invalid type: integer `7`, expected an array"),
            (text(json!([mark, 7])), "marks[1]: invalid type: integer `7`, expected an object"),
            (text(json!([mark, { "end": 1 }])), "marks[1].start: missing field"),
            (
                text(json!([{ "start": true, "end": true }])),
                "marks[0].end: invalid type: boolean `true`, expected a non-negative integer",
            ),
            (
                group(json!([text(json!([])), text(json!(7)), text(json!(7))])),
                "parts[1].marks: invalid type: integer `7`, expected an array",
            ),
            (group(json!([{ "type": "text" }, { "type": "text" }])), "parts[0].text: missing field"),
        ];
        for (value, expected) in cases {
            let ParamError { field, reason } = read_value::<Part>(&value).expect_err("an error");
            assert_eq!(format!("{field}: {reason}"), expected, "{value}");
        }
        let list = json!([text(json!([])), text(json!(7)), text(json!(7))]);
        assert_eq!(read_value::<Vec<Part>>(&list).expect_err("an error").field, "[1].marks");
    }

    #[test]
    fn odd_keys_and_parts_of_large_values_are_found() {
        let odd = json!({ "a/b~c.d": [{ "type": "text", "text": 7 }] });
        let error = read_value::<std::collections::BTreeMap<String, Vec<Part>>>(&odd).expect_err("an error");
        assert_eq!(error.field, "a/b~c.d[0].text");
        let mut many: Map<String, Value> = (0..1_000).map(|key| (format!("a{key}"), json!(1))).collect();
        many.extend([("type".to_owned(), json!("text")), ("text".to_owned(), json!(7))]);
        assert_eq!(read_value::<Vec<Part>>(&json!([many])).expect_err("an error").field, "[0].text");
        let long = json!([{ "type": "text", "text": "x".repeat(10 * MAX_SEARCHED), "marks": 7 }]);
        assert_eq!(read_value::<Vec<Part>>(&long).expect_err("an error").field, "[0].marks");
        let mut list = vec![json!({ "type": "text", "text": "x" }); 3_000];
        list[2_345]["text"] = json!(7);
        list[2_346]["text"] = json!(7);
        assert_eq!(read_value::<Vec<Part>>(&json!(list)).expect_err("an error").field, "[2345].text");
        list.resize(MAX_SEARCHED / 8, json!(7));
        assert_eq!(read_value::<Vec<Part>>(&json!(list)).expect_err("an error").field, ".");
    }

    #[test]
    fn missing_field_is_that_of_the_right_object() {
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "only parsed")]
        struct Node {
            name: String,
            id: u64,
            left: Option<Box<Self>>,
            right: Option<Box<Self>>,
        }
        let node = |left: Value, right: Value| json!({ "id": 1, "name": "n", "left": left, "right": right });
        let nameless = json!({ "id": 1 });
        for (value, expected) in [
            (nameless.clone(), "name"),
            (node(nameless.clone(), nameless.clone()), "left.name"),
            (node(node(Value::Null, Value::Null), nameless.clone()), "right.name"),
            (node(node(Value::Null, nameless.clone()), Value::Null), "left.right.name"),
            (json!({ "name": "n", "left": { "name": "n" }, "id": 1 }), "left.id"),
        ] {
            assert_eq!(
                read_value::<Node>(&value).expect_err("an error").to_string(),
                format!("`{expected}`: missing field")
            );
        }
    }

    #[test]
    fn size_is_counted_up_to_the_limit() {
        let value = json!({ "ab": [1, "xyz", null] });
        assert_eq!(size_within(&value, 100), Some(5 * 8 + 2 + 3));
        assert_eq!(size_within(&value, 45), Some(45));
        assert_eq!(size_within(&value, 44), None);
    }
}
