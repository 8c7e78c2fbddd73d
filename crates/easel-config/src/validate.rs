//! Validates one layer against the table of keys. A key with a mistake is left out and gives one warning.

mod hooks;
mod issue;
mod policy;
mod value;

use serde_json::{Map, Value};

use crate::LayerName;
use crate::keys::{self, Key, Lookup, is_codex_key};
use crate::layers::{RawEntry, RawValue};
use crate::warning::{MAX_WARNINGS, Warning, WarningList};

pub use issue::did_you_mean;
pub(crate) use issue::{Issue, Requirement};
#[cfg(test)]
pub(crate) use policy::RESERVED_FROM_PROJECTS;
pub(crate) use policy::{KILL_SWITCH, Policy, Violation};

/// A layer after validation.
#[derive(Debug, Default)]
pub(crate) struct Validated {
    /// The known keys with valid values, as nested tables.
    pub(crate) values: Map<String, Value>,
    /// What was left out, and why.
    pub(crate) warnings: Vec<Warning>,
    /// The settings of Codex that were left out: for a debug log, not for clients.
    pub(crate) ignored: Vec<Warning>,
}

/// Validates the entries of one layer.
pub(crate) fn validate_layer(layer: &LayerName, policy: Policy<'_>, entries: Vec<RawEntry>) -> Validated {
    let mut validator =
        Validator { layer, policy, values: Map::new(), warnings: WarningList::default(), ignored: Vec::new() };
    validator.validate_table(&mut Vec::new(), entries);
    let Validator { values, warnings, ignored, .. } = validator;
    Validated { values, warnings: warnings.finish(layer), ignored }
}

struct Validator<'a> {
    layer: &'a LayerName,
    policy: Policy<'a>,
    values: Map<String, Value>,
    warnings: WarningList,
    ignored: Vec<Warning>,
}

impl Validator<'_> {
    fn validate_table(&mut self, path: &mut Vec<String>, entries: Vec<RawEntry>) {
        for RawEntry { key, line, value } in entries {
            path.push(key);
            self.validate_entry(path, line, value);
            path.pop();
        }
    }

    fn validate_entry(&mut self, path: &mut Vec<String>, line: Option<u32>, value: RawValue) {
        if let Err(violation) = self.policy.check_path(self.layer, path) {
            return self.refuse_all(path, line, value, &Issue::Violation(violation));
        }
        if is_codex_key(path) {
            if self.ignored.len() < MAX_WARNINGS {
                self.ignored.push(Warning::for_key(self.layer, path, line, &Issue::CodexKey));
            }
            return;
        }
        match (keys::find(path), value) {
            (Lookup::Section, RawValue::Table(entries)) => self.validate_table(path, entries),
            (Lookup::Key(key), value) => self.validate_value(path, line, key, value),
            (Lookup::NamedSection, RawValue::Table(entries)) => {
                // A name counts without any key below it: such a provider can be chosen.
                insert(&mut self.values, path, Value::Object(Map::new()));
                self.validate_table(path, entries);
            }
            (Lookup::Section | Lookup::NamedSection, _) => self.reject(path, line, Requirement::Table),
            (Lookup::BadName(rule), _) => self.warn(path, line, || Issue::Invalid(Requirement::Name(rule))),
            (Lookup::Unknown, _) => self.warn(path, line, || Issue::Unknown(keys::suggest(path))),
        }
    }

    fn validate_value(&mut self, path: &[String], line: Option<u32>, key: &Key, value: RawValue) {
        let Some(value) = value::parse(key.kind, value) else {
            return self.reject(path, line, Requirement::Value(key.kind));
        };
        match self.policy.check_value(key, path, &value) {
            Ok(()) => insert(&mut self.values, path, value),
            Err(violation) => self.warn(path, line, || Issue::Violation(violation)),
        }
    }

    /// Rejects a value that does not meet the requirement. Keys at or below the path that guard something get their
    /// strictest value; others are left out.
    fn reject(&mut self, path: &[String], line: Option<u32>, requirement: Requirement) {
        let mut is_guard = false;
        for (key, strictest) in keys::strictest_at(path) {
            is_guard = true;
            insert(&mut self.values, &key, strictest);
        }
        self.warn(path, line, || if is_guard { Issue::InvalidGuard(requirement) } else { Issue::Invalid(requirement) });
    }

    /// Warns about every key below a refused path, so that the user sees what a repository tried.
    fn refuse_all(&mut self, path: &mut Vec<String>, line: Option<u32>, value: RawValue, issue: &Issue) {
        let entries = value.into_entries();
        if entries.is_empty() {
            self.warn(path, line, || issue.clone());
        }
        for RawEntry { key, line, value } in entries {
            path.push(key);
            self.refuse_all(path, line, value, issue);
            path.pop();
        }
    }

    fn warn(&mut self, path: &[String], line: Option<u32>, issue: impl FnOnce() -> Issue) {
        self.warnings.push_with(|| Warning::for_key(self.layer, path, line, &issue()));
    }
}

/// Sets a value in nested tables. A later value of the same key wins, but an empty table keeps what is in the table.
fn insert(table: &mut Map<String, Value>, path: &[String], value: Value) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        if !(value.is_object() && table.contains_key(first)) {
            table.insert(first.clone(), value);
        }
        return;
    }
    let inner = table.entry(first.clone()).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(inner) = inner {
        insert(inner, rest, value);
    }
}
