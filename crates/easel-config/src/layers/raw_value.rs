//! Unvalidated values: TOML, JSON and text as one small tree.

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// An unvalidated value. Values that no key accepts are [`RawValue::Unsupported`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RawValue {
    Bool(bool),
    Integer(i128),
    /// A number with a fraction; always finite.
    Float(f64),
    Text(String),
    /// The text of an environment variable, whose type depends on the key.
    Untyped(String),
    Table(Vec<RawEntry>),
    List(Vec<Self>),
    /// A date, or a number that is out of range for every key.
    Unsupported,
}

impl RawValue {
    /// Returns the entries of a table, and none for other values.
    pub(crate) fn into_entries(self) -> Vec<RawEntry> {
        match self {
            Self::Table(entries) => entries,
            Self::Bool(_)
            | Self::Integer(_)
            | Self::Float(_)
            | Self::Text(_)
            | Self::Untyped(_)
            | Self::List(_)
            | Self::Unsupported => Vec::new(),
        }
    }
}

/// An entry of a table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RawEntry {
    pub(crate) key: String,
    /// The line of the key in its file, from 1.
    pub(crate) line: Option<u32>,
    pub(crate) value: RawValue,
}

/// The offsets of the line ends in a text, to find the line of an offset without counting from the top each time.
#[derive(Debug)]
pub(crate) struct LineIndex {
    ends: Vec<usize>,
}

impl LineIndex {
    pub(crate) fn new(text: &[u8]) -> Self {
        Self { ends: text.iter().enumerate().filter_map(|(at, byte)| (*byte == b'\n').then_some(at)).collect() }
    }

    /// Returns the line of a byte offset, from 1.
    pub(crate) fn line(&self, offset: usize) -> u32 {
        let ends_before = self.ends.partition_point(|end| *end < offset);
        u32::try_from(ends_before).unwrap_or(u32::MAX).saturating_add(1)
    }
}

/// Converts a TOML table into entries, in the order of the text. With an index, entries get their lines.
pub(crate) fn from_toml_table(table: &DeTable<'_>, lines: Option<&LineIndex>) -> Vec<RawEntry> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| RawEntry {
        key: AsRef::<str>::as_ref(key.get_ref()).to_owned(),
        line: lines.map(|lines| lines.line(key.span().start)),
        value: from_toml(value.get_ref(), lines),
    };
    entries.into_iter().map(entry).collect()
}

/// Converts a TOML value.
pub(crate) fn from_toml(value: &DeValue<'_>, lines: Option<&LineIndex>) -> RawValue {
    match value {
        DeValue::String(text) => RawValue::Text(text.clone().into_owned()),
        DeValue::Boolean(value) => RawValue::Bool(*value),
        DeValue::Integer(integer) => {
            i128::from_str_radix(integer.as_str(), integer.radix()).map_or(RawValue::Unsupported, RawValue::Integer)
        }
        DeValue::Table(table) => RawValue::Table(from_toml_table(table, lines)),
        DeValue::Array(items) => RawValue::List(items.iter().map(|item| from_toml(item.get_ref(), lines)).collect()),
        DeValue::Float(float) => float.as_str().parse().map_or(RawValue::Unsupported, from_float),
        DeValue::Datetime(_) => RawValue::Unsupported,
    }
}

fn from_float(number: f64) -> RawValue {
    if number.is_finite() { RawValue::Float(number) } else { RawValue::Unsupported }
}

/// Converts a JSON value. Returns `None` for null, which means that the key is absent.
pub(crate) fn from_json(value: &Value) -> Option<RawValue> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(value) => RawValue::Bool(*value),
        Value::String(text) => RawValue::Text(text.clone()),
        Value::Number(number) => match number.as_i128() {
            Some(integer) => RawValue::Integer(integer),
            None => number.as_f64().map_or(RawValue::Unsupported, from_float),
        },
        Value::Array(items) => {
            RawValue::List(items.iter().map(|item| from_json(item).unwrap_or(RawValue::Unsupported)).collect())
        }
        Value::Object(object) => RawValue::Table(
            object
                .iter()
                .filter_map(|(key, value)| Some(RawEntry { key: key.clone(), line: None, value: from_json(value)? }))
                .collect(),
        ),
    })
}

/// Maximum number of parts of a dotted key. Known keys have at most four, and very long keys would overflow the stack.
pub(crate) const MAX_PARTS: usize = 64;

/// Builds nested tables with one value at a dotted key. Returns `None` if a part is empty or there are more than
/// [`MAX_PARTS`].
///
/// Parts are split at every dot. A name that contains a dot can be set in a table but not in a dotted key.
pub(crate) fn from_dotted(dotted: &str, value: RawValue) -> Option<RawEntry> {
    let parts: Vec<&str> = dotted.splitn(MAX_PARTS + 1, '.').map(str::trim).collect();
    if parts.contains(&"") {
        return None;
    }
    nest(&parts, value)
}

/// Builds nested tables with one value at a path. Returns `None` for an empty path or one of more than [`MAX_PARTS`].
pub(crate) fn nest(path: &[impl AsRef<str>], value: RawValue) -> Option<RawEntry> {
    if path.len() > MAX_PARTS {
        return None;
    }
    let entry = |key: &str, value| RawEntry { key: key.to_owned(), line: None, value };
    let (last, sections) = path.split_last()?;
    let innermost = entry(last.as_ref(), value);
    Some(sections.iter().rev().fold(innermost, |inner, key| entry(key.as_ref(), RawValue::Table(vec![inner]))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_key_has_1_to_64_parts() {
        for (parts, is_key) in [(1, true), (2, true), (MAX_PARTS, true), (MAX_PARTS + 1, false), (1_000, false)] {
            let path = vec!["a"; parts];
            assert_eq!(from_dotted(&path.join("."), RawValue::Bool(true)).is_some(), is_key, "{parts}");
            assert_eq!(nest(&path, RawValue::Bool(true)).is_some(), is_key, "{parts}");
        }
        assert!(from_dotted("a..b", RawValue::Bool(true)).is_none());
        assert!(nest(&[""; 0], RawValue::Bool(true)).is_none());
    }
}
