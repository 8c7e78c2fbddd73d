//! The known keys of the configuration: what each one accepts and who may set it.
//!
//! `table` is the only list of keys besides the types in `settings`; a test compares both, and another compares them
//! with `config.example.toml`.

mod codex_keys;
mod kind;
mod lookup;
mod suggest;
mod table;

use serde_json::Value;

pub(crate) use codex_keys::is_codex_key;
pub(crate) use kind::{Kind, MAX_HOOK_TIMEOUT, MAX_HOOKS, MAX_PRICE};
pub(crate) use lookup::{Lookup, NameRule, every_key_at, find, is_name, strictest_at};
pub use suggest::closest;
pub(crate) use suggest::suggest;
pub(crate) use table::KEYS;

/// What clients, logs and `Debug` show in place of a value that may be a secret.
pub const HIDDEN: &str = "***";

/// A key that a layer may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    /// The dotted key; `*` stands for a name that the user chose.
    pub(crate) path: &'static str,
    /// What it accepts.
    pub(crate) kind: Kind,
    /// Whether the file of a project may set it.
    pub(crate) project: ProjectAccess,
    /// Whether the overrides of a thread may set it.
    pub(crate) thread: ThreadAccess,
    /// Whether only the home's own `config.toml` may set it.
    pub(crate) is_home_only: bool,
    /// Whether its value may be a secret. Such a value is shown as [`HIDDEN`] and never stored with a thread.
    pub(crate) is_secret: bool,
    /// Whether `true` is the stricter value. For other keys, `false` or the lower number is.
    pub(crate) is_stricter_when_on: bool,
    /// The strictest value as JSON, which an invalid one is replaced with: the key guards something, so a mistake must
    /// not turn it off. It is written as a valid value is stored. `None` for keys whose invalid values are ignored.
    pub(crate) strictest: Option<&'static str>,
    /// Whether there is no limit while the key is unset, so that every value is stricter.
    pub(crate) is_unlimited_when_unset: bool,
}

/// What the file of a project may do with a key.
///
/// "Stricter" is relative to what the user's own configuration says; an equal value counts as stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProjectAccess {
    /// It cannot set the key, even if the user trusts the project.
    Never,
    /// It can set the key if the user trusts the project.
    IfTrusted,
    /// It can set the key if the user trusts the project, and make it stricter otherwise.
    IfTrustedOrStricter,
    /// It can make the key stricter, whether the user trusts the project or not.
    IfStricter,
}

/// What the overrides of one thread may do with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ThreadAccess {
    /// They can set it.
    Always,
    /// They can make it stricter.
    IfStricter,
    /// They cannot set it.
    Never,
}

impl Key {
    /// Iterates over the parts of the path.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &'static str> + Clone {
        self.path.split('.')
    }

    /// Returns the part of the path after the name of a provider, such as `http_headers`.
    pub(crate) fn provider_section(&self) -> Option<&'static str> {
        self.path.strip_prefix("model_providers.*.")?.split('.').next()
    }
}

/// Replaces every value that may be a secret with [`HIDDEN`].
pub(crate) fn redact(value: &mut Value, path: &mut Vec<String>) {
    if let Lookup::Key(key) = find(path)
        && key.is_secret
    {
        return hide(value);
    }
    if let Value::Object(fields) = value {
        for (name, value) in fields {
            path.push(name.clone());
            redact(value, path);
            path.pop();
        }
    }
}

/// Hides a value. A list keeps its length.
fn hide(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => *value = HIDDEN.into(),
    }
}
