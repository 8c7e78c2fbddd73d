//! What can be wrong with one key, and the sentences about it.

use std::fmt;

use crate::LayerName;
use crate::keys::{Kind, NameRule};
use crate::validate::Violation;

/// What is wrong with one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Issue {
    /// The key is unknown; perhaps it is a misspelling of this one.
    Unknown(Option<String>),
    /// The key is a setting of Codex.
    CodexKey,
    /// The value, or a name that the user chose, does not meet the requirement.
    Invalid(Requirement),
    /// The same, for a key that guards something, so that its strictest value is used instead.
    InvalidGuard(Requirement),
    /// The layer may not set the key to this value.
    Violation(Violation),
}

/// What a value or a name must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Requirement {
    /// A section must be a table.
    Table,
    /// A name that the user chose must follow this rule.
    Name(NameRule),
    /// A value must be of this kind.
    Value(Kind),
}

impl fmt::Display for Requirement {
    /// Completes the sentence "it must be ...".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table => f.write_str("a table"),
            Self::Name(rule) => rule.fmt(f),
            Self::Value(kind) => kind.fmt(f),
        }
    }
}

impl Issue {
    /// Returns the sentence for a layer that was read: what was ignored, why, and what to do.
    pub(crate) fn to_warning(&self, layer: &LayerName, path: &[String], key: &str) -> String {
        let location = layer.location();
        match self {
            Self::Unknown(suggestion) => {
                let (noun, end) = describe_unknown(path, key, suggestion.as_deref());
                format!("Unknown {noun}{location} was ignored{end}")
            }
            Self::CodexKey => format!("`{key}`{location} is a Codex setting that Easel ignores."),
            Self::Invalid(requirement) => format!("`{key}`{location} was ignored: it must be {requirement}."),
            Self::InvalidGuard(requirement) => {
                format!("`{key}`{location} is invalid, so its strictest value is used: it must be {requirement}.")
            }
            Self::Violation(violation) => format!("`{key}`{location} was ignored: {}.", violation.reason(layer)),
        }
    }

    /// Returns the sentence for a change that was refused.
    pub(crate) fn to_write_error(&self, layer: &LayerName, path: &[String], key: &str) -> String {
        match self {
            Self::Unknown(suggestion) => {
                let (noun, end) = describe_unknown(path, key, suggestion.as_deref());
                format!("Unknown {noun}{end}")
            }
            Self::Invalid(requirement) | Self::InvalidGuard(requirement) => format!("`{key}` must be {requirement}."),
            Self::CodexKey | Self::Violation(_) => self.to_warning(layer, path, key),
        }
    }
}

/// Returns what to call an unknown key, and the end of the sentence about it. `key` ends with `path`.
///
/// A feature is called by its name without `features.`. A suggestion is a path in the layer, so it gets the prefix that
/// `key` has before `path`, such as `profiles.NAME.`.
fn describe_unknown(path: &[String], key: &str, suggestion: Option<&str>) -> (String, String) {
    const FEATURES: &str = "features.";
    if matches!(path, [section, _] if section == "features") && key.starts_with(FEATURES) {
        let name = |key: &str| key.strip_prefix(FEATURES).unwrap_or(key).to_owned();
        return (format!("feature `{}`", name(key)), did_you_mean(suggestion.map(name).as_deref()));
    }
    let prefix = key.strip_suffix(&path.join(".")).unwrap_or_default();
    (format!("key `{key}`"), did_you_mean(suggestion.map(|suggestion| format!("{prefix}{suggestion}")).as_deref()))
}

/// Ends a sentence, with a suggestion if there is one.
pub fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(|| ".".to_owned(), |suggestion| format!("; did you mean `{suggestion}`?"))
}

impl Violation {
    /// Completes the sentence "the key was ignored: ...".
    fn reason(self, layer: &LayerName) -> String {
        match self {
            Self::Project => "a project may not set it".to_owned(),
            Self::UntrustedProject => {
                let folder = if let LayerName::Project { folder, .. } = layer { folder.parent() } else { None };
                let folder = folder.map(|folder| folder.display().to_string()).unwrap_or_default();
                format!(
                    "the project is not trusted. To trust it, add `[projects.{}]` with `trust_level = \"trusted\"` to \
                     config.toml in Easel's home",
                    toml::Value::String(crate::warning::replace_invisible(&folder))
                )
            }
            Self::NotStricter => {
                let who = if matches!(layer, LayerName::Thread) { "thread" } else { "project" };
                format!("a {who} may only make it stricter")
            }
            Self::HomeOnly => "only config.toml in Easel's home can trust a project".to_owned(),
            Self::Thread => "a thread may not set it; use config.toml".to_owned(),
            Self::SwitchedOff => "image generation is switched off for the whole server".to_owned(),
        }
    }
}
