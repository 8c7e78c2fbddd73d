//! What a source said, before the table of keys has judged it: TOML, JSON and text become one small tree.

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value as it was given. Only what a key can take is kept; the rest is known to be wrong.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Switch(bool),
    Number(i128),
    /// A number with a fraction; finite.
    Decimal(f64),
    Text(String),
    /// A value of an environment variable: the key decides what its text means.
    Untyped(String),
    Table(Vec<Entry>),
    List(Vec<Self>),
    /// A date or a number beyond all limits.
    Other,
}

impl Node {
    /// The entries of a table; nothing else has any.
    pub(crate) fn into_entries(self) -> Vec<Entry> {
        match self {
            Self::Table(entries) => entries,
            Self::Switch(_)
            | Self::Number(_)
            | Self::Decimal(_)
            | Self::Text(_)
            | Self::Untyped(_)
            | Self::List(_)
            | Self::Other => Vec::new(),
        }
    }
}

/// A key of a table, in the order of the source.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    /// The line of the key in its file, from 1.
    pub(crate) line: Option<u32>,
    pub(crate) node: Node,
}

/// Where the lines of a text end: looked up per key, so counting from the top each time would be quadratic.
#[derive(Debug)]
pub(crate) struct Lines {
    ends: Vec<usize>,
}

impl Lines {
    pub(crate) fn of(text: &[u8]) -> Self {
        Self { ends: text.iter().enumerate().filter_map(|(at, byte)| (*byte == b'\n').then_some(at)).collect() }
    }

    /// The line of a byte offset, from 1.
    pub(crate) fn line(&self, offset: usize) -> u32 {
        let above = self.ends.partition_point(|end| *end < offset);
        u32::try_from(above).unwrap_or(u32::MAX).saturating_add(1)
    }
}

/// The entries of a TOML table in the order of the file. Entries of a file have lines.
pub(crate) fn from_toml(table: &DeTable<'_>, lines: Option<&Lines>) -> Vec<Entry> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| Entry {
        name: AsRef::<str>::as_ref(key.get_ref()).to_owned(),
        line: lines.map(|lines| lines.line(key.span().start)),
        node: from_toml_value(value.get_ref(), lines),
    };
    entries.into_iter().map(entry).collect()
}

/// A TOML value as a node.
pub(crate) fn from_toml_value(value: &DeValue<'_>, lines: Option<&Lines>) -> Node {
    match value {
        DeValue::String(string) => Node::Text(string.clone().into_owned()),
        DeValue::Boolean(switch) => Node::Switch(*switch),
        DeValue::Integer(integer) => {
            i128::from_str_radix(integer.as_str(), integer.radix()).map_or(Node::Other, Node::Number)
        }
        DeValue::Table(table) => Node::Table(from_toml(table, lines)),
        DeValue::Array(items) => Node::List(items.iter().map(|item| from_toml_value(item.get_ref(), lines)).collect()),
        DeValue::Float(float) => float.as_str().parse().map_or(Node::Other, decimal),
        DeValue::Datetime(_) => Node::Other,
    }
}

fn decimal(number: f64) -> Node {
    if number.is_finite() { Node::Decimal(number) } else { Node::Other }
}

/// A JSON value as a node, or `None` for null, which means absent.
pub(crate) fn from_json(value: &Value) -> Option<Node> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(switch) => Node::Switch(*switch),
        Value::String(string) => Node::Text(string.clone()),
        Value::Number(number) => match number.as_i128() {
            Some(whole) => Node::Number(whole),
            None => number.as_f64().map_or(Node::Other, decimal),
        },
        Value::Array(items) => Node::List(items.iter().map(|item| from_json(item).unwrap_or(Node::Other)).collect()),
        Value::Object(object) => Node::Table(
            object
                .iter()
                .filter_map(|(name, value)| Some(Entry { name: name.clone(), line: None, node: from_json(value)? }))
                .collect(),
        ),
    })
}

/// Tables below tables; more would overflow the stack, and the longest known key has three parts.
const MOST_PARTS: usize = 64;

/// A tree with one leaf at the dotted key, or `None` when a part of the key is empty or there are too many. The parts are taken as they are:
/// a name with a dot in it can be set in a table, not in a dotted key.
pub(crate) fn from_dotted(dotted: &str, leaf: Node) -> Option<Entry> {
    let parts: Vec<&str> = dotted.splitn(MOST_PARTS + 1, '.').map(str::trim).collect();
    if parts.len() > MOST_PARTS || parts.contains(&"") {
        return None;
    }
    nested(&parts, leaf)
}

/// A tree with one leaf below these names; `None` without names or with too many.
pub(crate) fn nested(names: &[impl AsRef<str>], leaf: Node) -> Option<Entry> {
    if names.len() > MOST_PARTS {
        return None;
    }
    let entry = |name: &str, node| Entry { name: name.to_owned(), line: None, node };
    let (last, above) = names.split_last()?;
    let leaf = entry(last.as_ref(), leaf);
    Some(above.iter().rev().fold(leaf, |below, name| entry(name.as_ref(), Node::Table(vec![below]))))
}
