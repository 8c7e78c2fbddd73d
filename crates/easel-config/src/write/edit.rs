//! Changes the text of a configuration file and keeps everything else as it is, including comments and order.

use serde_json::{Map, Value as Json};
use toml_edit::{Array, Decor, DocumentMut, InlineTable, Item, RawString, Table, TableLike, TomlError, Value};

use super::{Change, Merge};

/// Applies the changes to the text, one after the other.
pub(super) fn apply_all(text: &str, changes: &[Change<'_>]) -> Result<String, TomlError> {
    let mut document: DocumentMut = text.parse()?;
    for change in changes {
        apply(document.as_table_mut(), &change.path, change);
    }
    Ok(document.to_string())
}

fn apply(table: &mut dyn TableLike, path: &[String], change: &Change<'_>) {
    let Some((key, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        return set(table, key, change.value, change.merge);
    }
    let is_table = table.get(key).is_some_and(Item::is_table_like);
    if !is_table && change.value.is_null() {
        return;
    }
    if !is_table {
        let mut section = Table::new();
        // Without keys of its own, a section needs no header: the header of the inner table names it.
        section.set_implicit(rest.len() > 1 || change.value.is_object());
        table.insert(key, Item::Table(section));
    }
    if let Some(inner) = table.get_mut(key).and_then(Item::as_table_like_mut) {
        apply(inner, rest, change);
    }
}

/// Sets one key; null removes it.
fn set(table: &mut dyn TableLike, key: &str, value: &Json, merge: Merge) {
    match (value, table.get_mut(key)) {
        (Json::Null, _) => remove(table, key),
        (Json::Object(new), Some(current)) if current.is_table_like() => {
            if let Some(current) = current.as_table_like_mut() {
                merge_tables(current, new, merge);
            }
        }
        (Json::Object(new), _) => {
            let mut section = Table::new();
            merge_tables(&mut section, new, merge);
            table.insert(key, Item::Table(section));
        }
        (value, Some(Item::Value(current))) => {
            let decor = current.decor().clone();
            *current = to_toml(value);
            *current.decor_mut() = decor;
        }
        (value, _) => {
            table.insert(key, Item::Value(to_toml(value)));
        }
    }
}

/// Removes a key with the comment directly above it. A comment that a blank line separates from the key, such as the
/// head of the file, is moved to the next key.
fn remove(table: &mut dyn TableLike, key: &str) {
    let prefix = match table.get(key) {
        Some(Item::Table(section)) => section.decor().prefix(),
        Some(_) => table.key(key).and_then(|key| key.leaf_decor().prefix()),
        None => return,
    };
    let prefix = prefix.and_then(RawString::as_str).unwrap_or_default();
    let separate = prefix.rfind("\n\n").map_or(String::new(), |at| prefix[..at + 2].to_owned());
    let next = table.iter().skip_while(|(name, _)| *name != key).nth(1).map(|(next, _)| next.to_owned());
    table.remove(key);
    let Some(next) = next.filter(|_| separate.contains('#')) else { return };
    let decor = match table.get_key_value_mut(&next) {
        Some((_, Item::Table(section))) => section.decor_mut(),
        Some((mut key, _)) => return prepend(key.leaf_decor_mut(), &separate),
        None => return,
    };
    prepend(decor, &separate);
}

fn prepend(decor: &mut Decor, comment: &str) {
    let prefix = decor.prefix().and_then(RawString::as_str).unwrap_or_default();
    decor.set_prefix(format!("{comment}{}", prefix.trim_start_matches('\n')));
}

fn merge_tables(current: &mut dyn TableLike, new: &Map<String, Json>, merge: Merge) {
    if merge == Merge::Replace {
        let keys: Vec<String> = current.iter().map(|(key, _)| key.to_owned()).collect();
        for key in keys.iter().filter(|key| !new.contains_key(*key)) {
            remove(current, key);
        }
    }
    for (key, value) in new {
        set(current, key, value, merge);
    }
}

/// Converts a JSON value into TOML on one line, without the nulls inside it.
fn to_toml(value: &Json) -> Value {
    match value {
        // Not reached: callers remove a null key or leave it out, because TOML has no null.
        Json::Null => Value::from(""),
        Json::Bool(value) => Value::from(*value),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => Value::from(integer),
            None => Value::from(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => Value::Array(items.iter().filter(|item| !item.is_null()).map(to_toml).collect::<Array>()),
        Json::Object(object) => {
            let fields = object.iter().filter(|(_, value)| !value.is_null());
            Value::InlineTable(fields.map(|(key, value)| (key, to_toml(value))).collect::<InlineTable>())
        }
    }
}

#[cfg(test)]
mod tests;
