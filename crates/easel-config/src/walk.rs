//! Judges one source against the table of keys: what is right is taken, what is wrong costs one warning and one key.

use serde_json::{Map, Value};

use crate::LayerName;
use crate::keys::{self, Found, Key, Kind};
use crate::node::{Entry, Node};
use crate::peer::is_peer_key;
use crate::policy::Policy;
use crate::warning::{Fault, Warning};

/// One source may not flood the client: a hostile file of a MiB has room for 100,000 mistakes.
pub(crate) const MOST_WARNINGS: usize = 32;

const LONGEST_URL: usize = 2_048;

/// What one source was found to say.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// The known keys with good values, as nested tables.
    pub(crate) accepted: Map<String, Value>,
    /// What was dropped and why.
    pub(crate) warnings: Vec<Warning>,
    /// Keys of the peer that were passed over: for a debug log, not for the client.
    pub(crate) passed_over: Vec<Warning>,
}

/// Judges the entries of one source.
pub(crate) fn judge(layer: &LayerName, policy: Policy<'_>, entries: Vec<Entry>) -> Judged {
    let mut walk = Walk { layer, policy, judged: Judged::default() };
    walk.table(&mut Vec::new(), entries);
    let Walk { mut judged, .. } = walk;
    shorten(&mut judged.warnings, layer);
    judged.passed_over.truncate(MOST_WARNINGS);
    judged
}

/// At most [`MOST_WARNINGS`], the last of which then says how many are missing.
pub(crate) fn shorten(warnings: &mut Vec<Warning>, layer: &LayerName) {
    let missing = warnings.len().saturating_sub(MOST_WARNINGS - 1);
    if missing > 1 {
        warnings.truncate(MOST_WARNINGS - 1);
        warnings.push(Warning::of_layer(layer, None, &format!("has {missing} more mistakes")));
    }
}

struct Walk<'a> {
    layer: &'a LayerName,
    policy: Policy<'a>,
    judged: Judged,
}

impl Walk<'_> {
    fn table(&mut self, path: &mut Vec<String>, entries: Vec<Entry>) {
        for Entry { name, line, node } in entries {
            path.push(name);
            self.entry(path, line, node);
            path.pop();
        }
    }

    fn entry(&mut self, path: &mut Vec<String>, line: Option<u32>, node: Node) {
        if let Some(refusal) = self.policy.refuses(self.layer, path) {
            return self.refuse_all(path, line, node, Fault::Refused(refusal));
        }
        if is_peer_key(path) {
            return self.judged.passed_over.push(Warning::of_key(self.layer, path, line, Fault::Peer));
        }
        match (keys::find(path), node) {
            (Found::Section, Node::Table(entries)) => self.table(path, entries),
            (Found::Key(key), node) => self.leaf(path, line, key, node),
            (Found::Named, Node::Table(entries)) => {
                // The name alone says something: a provider without keys is still one that can be chosen.
                put(&mut self.judged.accepted, path, Value::Object(Map::new()));
                self.table(path, entries);
            }
            (Found::Section | Found::Named, _) => self.warn(path, line, Fault::NotATable),
            (Found::BadName, _) => self.warn(path, line, Fault::BadName),
            (Found::Nothing, _) => self.warn(path, line, Fault::Unknown),
        }
    }

    fn leaf(&mut self, path: &[String], line: Option<u32>, key: &Key, node: Node) {
        let Some(value) = value_of(key.kind, node) else {
            return self.warn(path, line, Fault::Value(key.kind));
        };
        if let Some(refusal) = self.policy.refuses_value(key, path, &value) {
            return self.warn(path, line, Fault::Refused(refusal));
        }
        put(&mut self.judged.accepted, path, value);
    }

    /// Names every single key below a refused one, so that the user sees what the repository tried.
    fn refuse_all(&mut self, path: &mut Vec<String>, line: Option<u32>, node: Node, fault: Fault) {
        let entries = node.into_entries();
        if entries.is_empty() {
            self.warn(path, line, fault);
        }
        for Entry { name, line, node } in entries {
            path.push(name);
            self.refuse_all(path, line, node, fault);
            path.pop();
        }
    }

    fn warn(&mut self, path: &[String], line: Option<u32>, fault: Fault) {
        self.judged.warnings.push(Warning::of_key(self.layer, path, line, fault));
    }
}

/// Sets a value in nested tables; a later value of the same key wins, and an empty table empties nothing.
fn put(table: &mut Map<String, Value>, path: &[String], value: Value) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        if !(value.is_object() && table.contains_key(first)) {
            table.insert(first.clone(), value);
        }
        return;
    }
    let below = table.entry(first.clone()).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(below) = below {
        put(below, rest, value);
    }
}

/// The value when it is of the kind and within its limits.
fn value_of(kind: Kind, node: Node) -> Option<Value> {
    match kind {
        Kind::Switch => switch_of(&node).map(Value::Bool),
        Kind::Number(low, high) => number_of(&node).filter(|number| (low..=high).contains(number)).map(Value::from),
        Kind::Price => price_of(&node).map(Value::from),
        Kind::Text(longest) => text_of(node, |text| is_text(text, longest, &[])),
        Kind::Prose(longest) => text_of(node, |text| is_text(text, longest, &['\n', '\r', '\t'])),
        Kind::Choice(words) => text_of(node, |text| words.contains(&text)),
        Kind::Url => text_of(node, is_url),
        Kind::VariableName => text_of(node, is_variable_name),
        Kind::VariableNames(most) => texts_of(node, most, is_variable_name),
        Kind::Texts(most, longest) => {
            texts_of(node, most, |text| text.chars().count() <= longest && !text.chars().any(char::is_control))
        }
        Kind::Words(words) => words_of(node, words),
    }
}

/// Text without a type has no form for a list of anything: a comma may stand in any of its strings.
fn texts_of(node: Node, most: usize, is_good: impl Fn(&str) -> bool) -> Option<Value> {
    let Node::List(items) = node else { return None };
    let texts: Option<Vec<Value>> = items.into_iter().map(|item| text_of(item, &is_good)).collect();
    texts.filter(|texts| texts.len() <= most).map(Value::Array)
}

fn words_of(node: Node, words: &[&str]) -> Option<Value> {
    let given = match node {
        Node::List(items) => items,
        Node::Untyped(text) => text.split(',').map(|word| Node::Text(word.trim().to_owned())).collect(),
        Node::Switch(_) | Node::Number(_) | Node::Decimal(_) | Node::Text(_) | Node::Table(_) | Node::Other => {
            return None;
        }
    };
    let mut taken = Vec::new();
    for item in given {
        let word = text_of(item, |text| words.contains(&text))?;
        if taken.contains(&word) {
            return None;
        }
        taken.push(word);
    }
    Some(Value::Array(taken))
}

fn switch_of(node: &Node) -> Option<bool> {
    match node {
        Node::Switch(switch) => Some(*switch),
        Node::Untyped(text) => text.trim().to_ascii_lowercase().parse().ok(),
        Node::Number(_) | Node::Decimal(_) | Node::Text(_) | Node::Table(_) | Node::List(_) | Node::Other => None,
    }
}

fn number_of(node: &Node) -> Option<u64> {
    match node {
        Node::Number(number) => u64::try_from(*number).ok(),
        Node::Untyped(text) => text.trim().parse().ok(),
        Node::Switch(_) | Node::Decimal(_) | Node::Text(_) | Node::Table(_) | Node::List(_) | Node::Other => None,
    }
}

fn price_of(node: &Node) -> Option<f64> {
    let price: f64 = match node {
        Node::Decimal(price) => *price,
        Node::Number(whole) => f64::from(u32::try_from(*whole).ok()?),
        Node::Untyped(text) => text.trim().parse().ok()?,
        Node::Switch(_) | Node::Text(_) | Node::Table(_) | Node::List(_) | Node::Other => return None,
    };
    (0.0..=f64::from(keys::HIGHEST_PRICE)).contains(&price).then_some(price)
}

fn text_of(node: Node, is_good: impl Fn(&str) -> bool) -> Option<Value> {
    match node {
        Node::Text(text) | Node::Untyped(text) => is_good(&text).then_some(Value::String(text)),
        Node::Switch(_) | Node::Number(_) | Node::Decimal(_) | Node::Table(_) | Node::List(_) | Node::Other => None,
    }
}

/// Whether it has 1 to `longest` characters, none of them a control character other than these.
fn is_text(text: &str, longest: usize, controls: &[char]) -> bool {
    (1..=longest).contains(&text.chars().count()) && text.chars().all(|c| !c.is_control() || controls.contains(&c))
}

fn is_url(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return false };
    let host = rest.split('/').next().unwrap_or_default();
    let is_plain = text.len() <= LONGEST_URL && text.bytes().all(|b| b.is_ascii_graphic());
    is_plain && !host.is_empty() && !rest.contains(['?', '#', '@', '\\'])
}

fn is_variable_name(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
