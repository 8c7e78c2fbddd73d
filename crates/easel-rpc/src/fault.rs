//! Where in a value a fault is. Serde reads what is tagged by `type` from a copy, and so does not say where in it.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use serde_path_to_error::Segment;

use crate::wording::{missing_field, reason};

/// Most parts of an object or a list that is looked into.
const MOST_PARTS: usize = 64;

/// Most bytes of a value in which a fault is searched: that reads the value again for every part.
const SEARCHED: usize = 64 << 10;

/// The field that does not fit, and why; the reason never quotes what stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// A path like `input[0].url`; `.` for the value as a whole.
    pub field: String,
    /// Of a field that is missing or of the wrong type: the end of a sentence that begins with the field.
    pub reason: String,
}

#[derive(Debug)]
enum Step {
    Key(String),
    Index(usize),
}

/// Reads a value that is a part of params.
///
/// # Errors
/// The first fault, its path beginning at the value.
pub fn read_value<T: DeserializeOwned>(value: &Value) -> Result<T, Fault> {
    serde_path_to_error::deserialize::<_, T>(value).map_err(|error| {
        let complaint = reason(&error.inner().to_string());
        let steps = error.path().iter().map(step).collect::<Option<Vec<Step>>>();
        let steps = steps.filter(|_| size_within(value, SEARCHED).is_some());
        let found = steps.map(|steps| written(&search::<T>(value.clone(), steps, &complaint)));
        Fault::new(found.unwrap_or_else(|| error.path().to_string()), complaint)
    })
}

/// About the bytes of a value, or `None` when they are more than `most`, which is found out without looking at the rest.
fn size_within(value: &Value, most: usize) -> Option<usize> {
    const OF_A_VALUE: usize = 8;
    let rest = most.checked_sub(OF_A_VALUE)?;
    let rest = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => rest,
        Value::String(text) => rest.checked_sub(text.len())?,
        Value::Array(parts) => parts.iter().try_fold(rest, |rest, part| Some(rest - size_within(part, rest)?))?,
        Value::Object(parts) => parts.iter().try_fold(rest, |rest, (key, part)| {
            let rest = rest.checked_sub(key.len())?;
            Some(rest - size_within(part, rest)?)
        })?,
    };
    Some(most - rest)
}

impl Fault {
    /// `path` ends where the complaint was made, which for a missing field is around it.
    pub(crate) fn new(path: String, complaint: String) -> Self {
        let Some((name, is)) = missing_field(&complaint) else { return Self { field: path, reason: complaint } };
        let field = if path == "." { name.to_owned() } else { format!("{path}.{name}") };
        Self { field, reason: is.to_owned() }
    }
}

fn step(segment: &Segment) -> Option<Step> {
    match segment {
        Segment::Seq { index } => Some(Step::Index(*index)),
        Segment::Map { key } => Some(Step::Key(key.clone())),
        Segment::Enum { .. } | Segment::Unknown => None,
    }
}

/// From where serde complains to where the fault is: a part is given back its own parts one by one, until the complaint is
/// there again.
fn search<T: DeserializeOwned>(mut value: Value, mut steps: Vec<Step>, complaint: &str) -> Vec<Step> {
    let complains = |value: &Value| T::deserialize(value).is_err_and(|error| reason(&error.to_string()) == complaint);
    cut_behind(&mut value, &steps);
    while !lacks_here(&value, &steps, complaint, complains) {
        let Some(next) = part_at_fault(&mut value, &pointer(&steps), complains) else { break };
        steps.push(next);
    }
    steps
}

/// Without what follows in the lists on the way, of which the same complaint might be made.
fn cut_behind(value: &mut Value, steps: &[Step]) {
    for (depth, step) in steps.iter().enumerate() {
        if let (Step::Index(index), Some(list)) = (step, value.pointer_mut(&pointer(&steps[..depth])))
            && let Some(list) = list.as_array_mut()
        {
            list.truncate(index + 1);
        }
    }
}

/// Whether the complaint is of a missing field of this very object: it ends when something stands there.
fn lacks_here(value: &Value, steps: &[Step], complaint: &str, complains: impl Fn(&Value) -> bool) -> bool {
    let Some((name, _)) = missing_field(complaint) else { return false };
    let mut filled = value.clone();
    let Some(Value::Object(object)) = filled.pointer_mut(&pointer(steps)) else { return false };
    object.insert(name.to_owned(), Value::Null);
    !complains(&filled)
}

fn part_at_fault(value: &mut Value, at: &str, complains: impl Fn(&Value) -> bool) -> Option<Step> {
    match value.pointer_mut(at)?.take() {
        Value::Object(mut parts) if parts.len() <= MOST_PARTS => {
            let tag = parts.remove_entry("type");
            *value.pointer_mut(at)? = Value::Object(Map::from_iter(tag));
            if complains(value) {
                return None;
            }
            for (key, part) in parts {
                value.pointer_mut(at)?.as_object_mut()?.insert(key.clone(), part);
                if complains(value) {
                    return Some(Step::Key(key));
                }
            }
            None
        }
        Value::Array(parts) if parts.len() <= MOST_PARTS => {
            *value.pointer_mut(at)? = Value::Array(Vec::new());
            if complains(value) {
                return None;
            }
            for (index, part) in parts.into_iter().enumerate() {
                value.pointer_mut(at)?.as_array_mut()?.push(part);
                if complains(value) {
                    return Some(Step::Index(index));
                }
            }
            None
        }
        Value::Object(_) | Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// As a JSON pointer.
fn pointer(steps: &[Step]) -> String {
    let token = |step: &Step| match step {
        Step::Key(key) => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Step::Index(index) => format!("/{index}"),
    };
    steps.iter().map(token).collect()
}

/// As people write it.
fn written(steps: &[Step]) -> String {
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
    enum Piece {
        Text { text: String, marks: Option<Vec<Mark>> },
        Group { pieces: Vec<Self> },
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only parsed")]
    struct Mark {
        start: u64,
        end: u64,
    }

    #[test]
    fn a_fault_is_found_in_whatever_is_tagged_and_the_first_of_several_alike() {
        let text = |marks: Value| json!({ "type": "text", "text": "x", "marks": marks });
        let group = |pieces: Value| json!({ "type": "group", "pieces": pieces });
        let mark = json!({ "start": 1, "end": 2 });
        let cases = [
            (json!(5), ".: invalid type: integer `5`, expected an object"),
            (json!({ "text": "x" }), "type: is missing"),
            (json!({ "type": "text", "marks": [] }), "text: is missing"),
            (json!({ "type": "text", "text": 7, "marks": 7 }), "marks: invalid type: integer `7`, expected a list"),
            (text(json!([mark, 7])), "marks[1]: invalid type: integer `7`, expected an object"),
            (text(json!([mark, { "end": 1 }])), "marks[1].start: is missing"),
            (
                text(json!([{ "start": true, "end": true }])),
                "marks[0].end: invalid type: boolean `true`, expected a whole number from 0 on",
            ),
            (
                group(json!([text(json!([])), text(json!(7)), text(json!(7))])),
                "pieces[1].marks: invalid type: integer `7`, expected a list",
            ),
            (group(json!([{ "type": "text" }, { "type": "text" }])), "pieces[0].text: is missing"),
        ];
        for (value, said) in cases {
            let Fault { field, reason } = read_value::<Piece>(&value).expect_err("a fault");
            assert_eq!(format!("{field}: {reason}"), said, "{value}");
        }
        let list = json!([text(json!([])), text(json!(7)), text(json!(7))]);
        assert_eq!(read_value::<Vec<Piece>>(&list).expect_err("a fault").field, "[1].marks");
    }

    #[test]
    fn a_key_may_hold_anything_and_what_is_too_large_is_named_as_far_as_serde_names_it() {
        let odd = json!({ "a/b~c.d": [{ "type": "text", "text": 7 }] });
        let fault = read_value::<std::collections::BTreeMap<String, Vec<Piece>>>(&odd).expect_err("a fault");
        assert_eq!(fault.field, "a/b~c.d[0].text");
        let mut large: Map<String, Value> = (0..MOST_PARTS).map(|key| (format!("a{key}"), json!(1))).collect();
        large.extend([("type".to_owned(), json!("text")), ("text".to_owned(), json!(7))]);
        assert_eq!(read_value::<Vec<Piece>>(&json!([large])).expect_err("a fault").field, "[0]");
        let long = json!([{ "type": "text", "text": "x".repeat(SEARCHED), "marks": 7 }]);
        assert_eq!(read_value::<Vec<Piece>>(&long).expect_err("a fault").field, "[0]");
    }

    #[test]
    fn the_size_of_a_value_is_counted_up_to_a_bound() {
        let value = json!({ "ab": [1, "xyz", null] });
        assert_eq!(size_within(&value, 100), Some(5 * 8 + 2 + 3));
        assert_eq!(size_within(&value, 45), Some(45));
        assert_eq!(size_within(&value, 44), None);
    }
}
