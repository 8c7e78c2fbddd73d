//! Changes the text of a configuration file and leaves what it does not change as it stands, comments and order too.

use serde_json::{Map, Value as Json};
use toml_edit::{Array, Decor, DocumentMut, InlineTable, Item, RawString, Table, TableLike, TomlError, Value};

use crate::write::Merge;

/// One change, taken apart: the names of the key, what it becomes, and how.
#[derive(Debug)]
pub(crate) struct Change<'a> {
    pub(crate) names: Vec<String>,
    pub(crate) value: &'a Json,
    pub(crate) merge: Merge,
}

/// The text with the changes, made one after the other.
pub(crate) fn changed(text: &str, changes: &[Change<'_>]) -> Result<String, TomlError> {
    let mut document: DocumentMut = text.parse()?;
    for change in changes {
        apply(document.as_table_mut(), &change.names, change);
    }
    Ok(document.to_string())
}

fn apply(table: &mut dyn TableLike, names: &[String], change: &Change<'_>) {
    let Some((name, below)) = names.split_first() else { return };
    if below.is_empty() {
        return put(table, name, change.value, change.merge);
    }
    let is_table = table.get(name).is_some_and(Item::is_table_like);
    if !is_table && change.value.is_null() {
        return;
    }
    if !is_table {
        let mut above = Table::new();
        // Its header would only announce the one below.
        above.set_implicit(below.len() > 1 || change.value.is_object());
        table.insert(name, Item::Table(above));
    }
    if let Some(inner) = table.get_mut(name).and_then(Item::as_table_like_mut) {
        apply(inner, below, change);
    }
}

/// Sets one key; null removes it.
fn put(table: &mut dyn TableLike, name: &str, value: &Json, merge: Merge) {
    match (value, table.get_mut(name)) {
        (Json::Null, _) => remove(table, name),
        (Json::Object(wanted), Some(held)) if held.is_table_like() => {
            if let Some(held) = held.as_table_like_mut() {
                merge_tables(held, wanted, merge);
            }
        }
        (Json::Object(wanted), _) => {
            let mut made = Table::new();
            merge_tables(&mut made, wanted, merge);
            table.insert(name, Item::Table(made));
        }
        (value, Some(Item::Value(held))) => {
            let decor = held.decor().clone();
            *held = plain(value);
            *held.decor_mut() = decor;
        }
        (value, _) => {
            table.insert(name, Item::Value(plain(value)));
        }
    }
}

/// Removes a key with the comment that stands right above it. What a blank line parts from it, such as the head of the file,
/// goes to the next key.
fn remove(table: &mut dyn TableLike, name: &str) {
    let own = match table.get(name) {
        Some(Item::Table(own)) => own.decor().prefix(),
        Some(_) => table.key(name).and_then(|key| key.leaf_decor().prefix()),
        None => return,
    };
    let own = own.and_then(RawString::as_str).unwrap_or_default();
    let kept = own.rfind("\n\n").map_or(String::new(), |at| own[..at + 2].to_owned());
    let next = table.iter().skip_while(|(held, _)| *held != name).nth(1).map(|(next, _)| next.to_owned());
    table.remove(name);
    let Some(next) = next.filter(|_| kept.contains('#')) else { return };
    let decor = match table.get_key_value_mut(&next) {
        Some((_, Item::Table(below))) => below.decor_mut(),
        Some((mut key, _)) => return prepend(key.leaf_decor_mut(), &kept),
        None => return,
    };
    prepend(decor, &kept);
}

fn prepend(decor: &mut Decor, kept: &str) {
    let own = decor.prefix().and_then(RawString::as_str).unwrap_or_default();
    decor.set_prefix(format!("{kept}{}", own.trim_start_matches('\n')));
}

fn merge_tables(held: &mut dyn TableLike, wanted: &Map<String, Json>, merge: Merge) {
    if merge == Merge::Replace {
        let names: Vec<String> = held.iter().map(|(name, _)| name.to_owned()).collect();
        for name in names.iter().filter(|name| !wanted.contains_key(*name)) {
            remove(held, name);
        }
    }
    for (name, value) in wanted {
        put(held, name, value, merge);
    }
}

/// A JSON value in one line of TOML; nulls inside are left out, as everywhere.
fn plain(value: &Json) -> Value {
    match value {
        // The caller removes a key instead; TOML has no null.
        Json::Null => Value::from(""),
        Json::Bool(switch) => Value::from(*switch),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::from(whole),
            None => Value::from(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => Value::Array(items.iter().filter(|item| !item.is_null()).map(plain).collect::<Array>()),
        Json::Object(object) => {
            let fields = object.iter().filter(|(_, value)| !value.is_null());
            Value::InlineTable(fields.map(|(name, value)| (name, plain(value))).collect::<InlineTable>())
        }
    }
}

#[cfg(test)]
mod tests;
