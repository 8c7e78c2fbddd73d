//! Finds the field of a value that does not fit its type.
//!
//! `serde_path_to_error` gives the path, except inside enums tagged by `type`: serde buffers them and loses the path.
//! Inside them, this module searches by deserializing again with parts of the value removed.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use serde_path_to_error::{Path, Segment};

use crate::request::json_terms::{missing_field, to_reason};

/// Maximum number of parts of an object or an array that is searched.
const MAX_PARTS: usize = 64;

/// Largest value in bytes that is searched: a search deserializes the value once for every part.
const MAX_SEARCHED: usize = 64 << 10;

/// A field that does not fit its type. The reason never quotes the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}`: {reason}")]
pub struct ParamError {
    /// The path of the field, such as `input[0].url`; `.` for the whole value.
    pub field: String,
    /// What is wrong with the field, to follow its path and a colon.
    pub reason: String,
}

/// A step of a path into a value.
#[derive(Debug)]
enum Step {
    Key(String),
    Index(usize),
}

/// Returns the path that serde gives to the first error in a value, and the reason. See [`find_path`].
pub(crate) type FindPath = fn(&Value) -> Option<(Path, String)>;

/// Deserializes a `T`. `None` if the value fits. No other code of the search is compiled for each type of params.
pub(crate) fn find_path<T: DeserializeOwned>(value: &Value) -> Option<(Path, String)> {
    let error = serde_path_to_error::deserialize::<_, T>(value).err()?;
    let reason = to_reason(&error.inner().to_string());
    Some((error.path().clone(), reason))
}

/// Deserializes a value that is a part of params.
///
/// # Errors
/// [`ParamError`] for the first field that does not fit. Its path starts at `value`.
pub fn read_value<T: DeserializeOwned>(value: &Value) -> Result<T, ParamError> {
    T::deserialize(value).map_err(|error| {
        let unlocated = || ParamError::new(".".to_owned(), to_reason(&error.to_string()));
        find_in_value(value, find_path::<T>).unwrap_or_else(unlocated)
    })
}

/// Returns the first field of a value that does not fit, or `None` if all fit.
pub(crate) fn find_in_value(value: &Value, find_path: FindPath) -> Option<ParamError> {
    let (path, message) = find_path(value)?;
    let steps = path.iter().map(to_step).collect::<Option<Vec<Step>>>();
    let steps = steps.filter(|_| size_within(value, MAX_SEARCHED).is_some());
    let found = steps.map(|steps| to_path(&search(value.clone(), steps, &message, find_path)));
    Some(ParamError::new(found.unwrap_or_else(|| path.to_string()), message))
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
    /// Creates an error from serde's path and message. For a missing field, the path is that of the object around it.
    pub(crate) fn new(path: String, message: String) -> Self {
        let Some((name, kind)) = missing_field(&message) else { return Self { field: path, reason: message } };
        let field = if path == "." { name.to_owned() } else { format!("{path}.{name}") };
        Self { field, reason: kind.to_owned() }
    }
}

fn to_step(segment: &Segment) -> Option<Step> {
    match segment {
        Segment::Seq { index } => Some(Step::Index(*index)),
        Segment::Map { key } => Some(Step::Key(key.clone())),
        Segment::Enum { .. } | Segment::Unknown => None,
    }
}

/// Extends the path that serde gives to the field at fault: removes the parts of the value there, and adds them again
/// one by one until the same message occurs again.
fn search(mut value: Value, mut steps: Vec<Step>, message: &str, find_path: FindPath) -> Vec<Step> {
    let fails_the_same = |value: &Value| find_path(value).is_some_and(|(_, reason)| reason == message);
    truncate_after(&mut value, &steps);
    while !is_missing_here(&value, &steps, message, fails_the_same) {
        let Some(next) = part_at_fault(&mut value, &to_pointer(&steps), fails_the_same) else { break };
        steps.push(next);
    }
    steps
}

/// Removes what follows the path in the arrays on it, because it might cause the same message.
fn truncate_after(value: &mut Value, steps: &[Step]) {
    for (depth, step) in steps.iter().enumerate() {
        if let (Step::Index(index), Some(list)) = (step, value.pointer_mut(&to_pointer(&steps[..depth])))
            && let Some(list) = list.as_array_mut()
        {
            list.truncate(index + 1);
        }
    }
}

/// Returns whether the message is about a field that is missing in this object: adding the field changes the message.
fn is_missing_here(value: &Value, steps: &[Step], message: &str, fails_the_same: impl Fn(&Value) -> bool) -> bool {
    let Some((name, _)) = missing_field(message) else { return false };
    let mut filled = value.clone();
    let Some(Value::Object(object)) = filled.pointer_mut(&to_pointer(steps)) else { return false };
    object.insert(name.to_owned(), Value::Null);
    !fails_the_same(&filled)
}

/// Returns the first part of the value at `at` that causes the message again.
fn part_at_fault(value: &mut Value, at: &str, fails_the_same: impl Fn(&Value) -> bool) -> Option<Step> {
    match value.pointer_mut(at)?.take() {
        Value::Object(mut parts) if parts.len() <= MAX_PARTS => {
            let tag = parts.remove_entry("type");
            *value.pointer_mut(at)? = Value::Object(Map::from_iter(tag));
            if fails_the_same(value) {
                return None;
            }
            for (key, part) in parts {
                value.pointer_mut(at)?.as_object_mut()?.insert(key.clone(), part);
                if fails_the_same(value) {
                    return Some(Step::Key(key));
                }
            }
            None
        }
        Value::Array(parts) if parts.len() <= MAX_PARTS => {
            *value.pointer_mut(at)? = Value::Array(Vec::new());
            if fails_the_same(value) {
                return None;
            }
            for (index, part) in parts.into_iter().enumerate() {
                value.pointer_mut(at)?.as_array_mut()?.push(part);
                if fails_the_same(value) {
                    return Some(Step::Index(index));
                }
            }
            None
        }
        Value::Object(_) | Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
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
    use serde_json::json;

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
    fn odd_keys_are_found_and_large_values_are_not_searched() {
        let odd = json!({ "a/b~c.d": [{ "type": "text", "text": 7 }] });
        let error = read_value::<std::collections::BTreeMap<String, Vec<Part>>>(&odd).expect_err("an error");
        assert_eq!(error.field, "a/b~c.d[0].text");
        let mut large: Map<String, Value> = (0..MAX_PARTS).map(|key| (format!("a{key}"), json!(1))).collect();
        large.extend([("type".to_owned(), json!("text")), ("text".to_owned(), json!(7))]);
        assert_eq!(read_value::<Vec<Part>>(&json!([large])).expect_err("an error").field, "[0]");
        let long = json!([{ "type": "text", "text": "x".repeat(MAX_SEARCHED), "marks": 7 }]);
        assert_eq!(read_value::<Vec<Part>>(&long).expect_err("an error").field, "[0]");
    }

    #[test]
    fn size_is_counted_up_to_the_limit() {
        let value = json!({ "ab": [1, "xyz", null] });
        assert_eq!(size_within(&value, 100), Some(5 * 8 + 2 + 3));
        assert_eq!(size_within(&value, 45), Some(45));
        assert_eq!(size_within(&value, 44), None);
    }
}
