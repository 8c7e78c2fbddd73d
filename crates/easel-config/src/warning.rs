//! Warnings about a configuration. They never repeat a value.

use std::fmt;
use std::path::{Path, PathBuf};

use easel_imagegen::invisible::is_invisible;

use crate::LayerName;
use crate::validate::{Issue, did_you_mean};

/// Maximum number of warnings about one layer. A hostile file of 1 MiB has room for 100,000 mistakes.
pub(crate) const MAX_WARNINGS: usize = 32;

/// Maximum number of characters of a key in a warning. A key may come from a stranger's file.
const MAX_SHOWN_KEY: usize = 120;

/// A problem in one layer. A key or the whole layer is ignored.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Warning {
    /// One sentence that names the key or the layer, the reason, and what to do.
    pub summary: String,
    /// The file of the layer.
    pub path: Option<PathBuf>,
    /// The line in that file, from 1.
    pub line: Option<u32>,
    /// The dotted key.
    pub key: Option<String>,
    /// Whether the whole file is ignored.
    pub is_whole_file: bool,
    /// The same problem, as the reason why a write is refused.
    pub(crate) refusal: String,
}

/// Prints `file:line: summary`, like a compiler.
impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.path, self.line) {
            (Some(path), Some(line)) => write!(f, "{}:{line}: {}", path.display(), self.summary),
            (Some(path), None) => write!(f, "{}: {}", path.display(), self.summary),
            (None, _) => f.write_str(&self.summary),
        }
    }
}

impl Warning {
    /// Creates the warning about one key.
    pub(crate) fn for_key(layer: &LayerName, path: &[String], line: Option<u32>, issue: &Issue) -> Self {
        let key = if let LayerName::Profile { name, .. } = layer {
            show_key(&[&["profiles".to_owned(), name.clone()], path].concat())
        } else {
            show_key(path)
        };
        let summary = issue.to_warning(layer, path, &key);
        let refusal = issue.to_write_error(layer, path, &key);
        Self { refusal, key: Some(key), ..Self::for_layer(layer, line, summary) }
    }

    /// Creates the warning about a file that was ignored as a whole.
    pub(crate) fn for_file(layer: &LayerName, line: Option<u32>, reason: &str) -> Self {
        Self { is_whole_file: true, ..Self::for_layer(layer, line, format!("The file was ignored: {reason}.")) }
    }

    /// Creates the warning about a profile that does not exist.
    pub(crate) fn for_missing_profile(home: &LayerName, name: &str, suggestion: Option<&str>) -> Self {
        let key = show_key(&["profiles".to_owned(), name.to_owned()]);
        let name = key.strip_prefix("profiles.").unwrap_or_default();
        let end = did_you_mean(suggestion);
        let summary = format!("Profile `{name}` of `--profile` does not exist{end}");
        Self { key: Some(key), ..Self::for_layer(home, None, summary) }
    }

    /// Creates a warning about a layer with this summary.
    pub(crate) fn for_layer(layer: &LayerName, line: Option<u32>, summary: String) -> Self {
        Self {
            refusal: summary.clone(),
            summary,
            path: layer.file().map(Path::to_owned),
            line,
            key: None,
            is_whole_file: false,
        }
    }
}

/// The first warnings about a layer, at most [`MAX_WARNINGS`], and the number of those that were left out.
#[derive(Debug, Default)]
pub(crate) struct WarningList {
    warnings: Vec<Warning>,
    omitted: usize,
}

impl WarningList {
    /// Adds a warning, which is built only if there is room for it.
    pub(crate) fn push_with(&mut self, warning: impl FnOnce() -> Warning) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(warning());
        } else {
            self.omitted += 1;
        }
    }

    /// Returns the warnings. If some were left out, the last one says how many.
    pub(crate) fn finish(mut self, layer: &LayerName) -> Vec<Warning> {
        if self.omitted > 0 {
            self.warnings.truncate(MAX_WARNINGS - 1);
            let count = self.omitted + 1;
            self.warnings.push(Warning::for_layer(
                layer,
                None,
                format!("The {} has {count} more problems.", layer.noun()),
            ));
        }
        self.warnings
    }
}

/// Returns the dotted key, shortened to [`MAX_SHOWN_KEY`] characters and without invisible ones.
fn show_key(path: &[String]) -> String {
    let dotted = path.join(".");
    let mut shown: String = replace_invisible(&dotted).chars().take(MAX_SHOWN_KEY).collect();
    if dotted.chars().count() > MAX_SHOWN_KEY {
        shown.push('…');
    }
    shown
}

/// Replaces invisible characters, which could forge lines in a log or on a terminal, or make one key look like another.
pub(crate) fn replace_invisible(text: &str) -> String {
    text.chars().map(|c| if is_invisible(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_key_is_shortened_and_made_visible() {
        let key = format!("a\u{1b}[31m\n\u{202e}{}", "x".repeat(10_000));
        let warning = Warning::for_key(&LayerName::Environment, &[key], None, &Issue::Unknown(None));
        assert!(warning.summary.len() < 250, "{}", warning.summary.len());
        assert!(!warning.summary.contains(is_invisible), "{}", warning.summary);
        assert_eq!(warning.summary.lines().count(), 1);
    }
}
