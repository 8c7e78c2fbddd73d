//! What can be wrong with one key, and the sentences about it.

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
    /// A section has a plain value.
    NotATable,
    /// A name that the user chose breaks this rule.
    BadName(NameRule),
    /// The value is of another type or out of range.
    BadValue(Kind),
    /// The layer may not set the key to this value.
    Violation(Violation),
}

impl Issue {
    /// The name of a profile breaks the rule for names.
    pub(crate) const BAD_PROFILE_NAME: Self = Self::BadName(NameRule::Plain);

    /// Returns the sentence for a layer that was read: what was ignored, why, and what to do.
    pub(crate) fn warning(&self, layer: &LayerName, path: &[String], key: &str) -> String {
        let location = layer.location();
        match self {
            Self::Unknown(suggestion) => {
                let (what, name) = name_unknown(path, key);
                format!("Unknown {what} `{name}`{location} was ignored{}", did_you_mean(suggestion.as_deref()))
            }
            Self::CodexKey => format!("`{key}`{location} is a Codex setting that Easel ignores."),
            Self::NotATable | Self::BadName(_) | Self::BadValue(_) => {
                format!("`{key}`{location} was ignored: it must be {}.", self.requirement())
            }
            Self::Violation(violation) => format!("`{key}`{location} was ignored: {}.", violation.reason(layer)),
        }
    }

    /// Returns the sentence for a change that was refused.
    pub(crate) fn refusal(&self, layer: &LayerName, path: &[String], key: &str) -> String {
        match self {
            Self::Unknown(suggestion) => {
                let (what, name) = name_unknown(path, key);
                format!("Unknown {what} `{name}`{}", did_you_mean(suggestion.as_deref()))
            }
            Self::NotATable | Self::BadName(_) | Self::BadValue(_) => {
                format!("`{key}` must be {}.", self.requirement())
            }
            Self::CodexKey | Self::Violation(_) => self.warning(layer, path, key),
        }
    }

    /// Completes the sentence "it must be ...".
    fn requirement(&self) -> String {
        match self {
            Self::BadName(rule) => rule.to_string(),
            Self::BadValue(kind) => kind.to_string(),
            Self::NotATable | Self::Unknown(_) | Self::CodexKey | Self::Violation(_) => "a table".to_owned(),
        }
    }
}

/// Returns what an unknown key is called: features go by their own name.
fn name_unknown<'a>(path: &[String], key: &'a str) -> (&'static str, &'a str) {
    match path {
        [section, _] if section == "features" => ("feature", key.strip_prefix("features.").unwrap_or(key)),
        _ => ("key", key),
    }
}

/// Ends a sentence, with a suggestion if there is one.
pub(crate) fn did_you_mean(suggestion: Option<&str>) -> String {
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
