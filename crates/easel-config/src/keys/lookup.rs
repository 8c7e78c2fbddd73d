//! Finds a path in the table of keys.

use std::fmt;

use serde_json::Value;

use super::{KEYS, Key};

/// What the table says about a path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// The path is this key.
    Key(&'static Key),
    /// The path is a section: it has keys below it.
    Section,
    /// The path is a section, and its last part is a name that the user chose.
    NamedSection,
    /// The last part of the path is a name that the user chose, and it breaks this rule.
    BadName(NameRule),
    /// The table has neither a key nor a section with this path.
    Unknown,
}

/// Looks up a path in the table of keys.
pub(crate) fn find(path: &[String]) -> Lookup {
    let mut lookup = Lookup::Unknown;
    for key in KEYS.iter().filter(|key| is_prefix(path, key)) {
        let part = path.len().checked_sub(1).and_then(|last| key.parts().nth(last));
        let name = path.last().filter(|_| part == Some("*"));
        let rule = NameRule::of(key);
        let is_bad_name = name.is_some_and(|name| !rule.accepts(name));
        if key.parts().count() == path.len() {
            return if is_bad_name { Lookup::BadName(rule) } else { Lookup::Key(key) };
        }
        lookup = match name {
            Some(_) if is_bad_name => Lookup::BadName(rule),
            Some(_) => Lookup::NamedSection,
            None => Lookup::Section,
        };
    }
    lookup
}

/// Returns whether every key at or below the path has the property. False if the path is neither a key nor a section.
pub(crate) fn every_key_at(path: &[String], has_property: impl Fn(&Key) -> bool) -> bool {
    let mut keys = KEYS.iter().filter(|key| is_prefix(path, key)).peekable();
    keys.peek().is_some() && keys.all(has_property)
}

/// Returns the strictest values of the keys at or below the path that guard something, with their paths.
pub(crate) fn strictest_at(path: &[String]) -> impl Iterator<Item = (Vec<String>, Value)> {
    KEYS.iter().filter(|key| is_prefix(path, key)).filter_map(|key| {
        let strictest = serde_json::from_str(key.strictest?).ok()?;
        Some((key.parts().map(str::to_owned).collect(), strictest))
    })
}

/// Returns whether the path is the key or one of its sections. An empty path is neither.
fn is_prefix(path: &[String], key: &Key) -> bool {
    let mut parts = key.parts();
    !path.is_empty() && path.iter().all(|name| parts.next().is_some_and(|part| part == "*" || part == name))
}

/// What a name that the user chose may look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameRule {
    /// Names of providers, profiles and headers.
    Plain,
    /// Names of models, which have slashes and colons too.
    Model,
    /// Paths of projects.
    Path,
}

/// Maximum length of a project's path in bytes: `PATH_MAX` of Linux.
const MAX_PATH_LEN: usize = 4_096;

impl NameRule {
    fn of(key: &Key) -> Self {
        match key.parts().next() {
            Some("prices") => Self::Model,
            Some("projects") => Self::Path,
            Some(_) | None => Self::Plain,
        }
    }

    fn accepts(self, name: &str) -> bool {
        match self {
            Self::Plain => is_name(name),
            Self::Model => is_name(&name.replace(['/', ':'], "-")),
            Self::Path => (1..=MAX_PATH_LEN).contains(&name.len()) && !name.chars().any(char::is_control),
        }
    }
}

impl fmt::Display for NameRule {
    /// Completes the sentence "it must be ...".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain => f.write_str("a name of 1 to 64 letters, digits, `.`, `-` and `_`"),
            Self::Model => f.write_str("a name of 1 to 64 letters, digits, `.`, `-`, `_`, `/` and `:`"),
            Self::Path => write!(f, "a path of 1 to {MAX_PATH_LEN} bytes"),
        }
    }
}

/// Returns whether the text is a valid name for a provider or a profile. Such names appear in warnings, on the wire and
/// in dotted keys, so they are short and plain.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find_at(path: &str) -> Lookup {
        find(&path.split('/').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn path_is_a_key_a_section_or_unknown() {
        assert!(matches!(find_at("history/model_images"), Lookup::Key(key) if key.path == "history.model_images"));
        assert!(matches!(find_at("model_providers/My-One.2/bills"), Lookup::Key(_)));
        assert_eq!(find_at("model_providers"), Lookup::Section);
        assert_eq!(find_at("model_providers/x"), Lookup::NamedSection);
        assert_eq!(find_at("model_providers/x y"), Lookup::BadName(NameRule::Plain));
        assert_eq!(find_at("model_providers/x/http_headers"), Lookup::Section);
        assert!(matches!(find_at("model_providers/x/http_headers/X-Team"), Lookup::Key(_)));
        assert_eq!(find_at("model_providers/x/http_headers/X Team"), Lookup::BadName(NameRule::Plain));
        assert_eq!(find_at("model_providers/x/headers"), Lookup::Unknown);
        assert_eq!(find_at("features/plugins"), Lookup::Unknown);
        assert_eq!(find_at("history/model_images/more"), Lookup::Unknown);
        assert_eq!(find(&[]), Lookup::Unknown);
    }

    #[test]
    fn section_has_only_keys_with_the_property() {
        let path = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
        let is_below = |section| move |key: &Key| key.path.starts_with(section);
        assert!(every_key_at(&path("server"), is_below("server.")));
        assert!(!every_key_at(&path("model_providers/x"), is_below("model_providers.*.auth")));
        assert!(every_key_at(&path("model_providers/x/auth"), is_below("model_providers.*.auth")));
        assert!(!every_key_at(&path("unknown"), |_| true));
    }
}
