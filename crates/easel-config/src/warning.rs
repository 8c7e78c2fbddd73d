//! What went wrong in a configuration, without ever repeating a value.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::LayerName;
use crate::keys::Kind;
use crate::policy::Refusal;

/// Keys come from files of strangers too; more of one than this says nothing more.
const LONGEST_SHOWN_KEY: usize = 120;

/// One thing that a layer said and that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Warning {
    /// One sentence for people that names key and layer.
    pub summary: String,
    /// The file that said it.
    pub path: Option<PathBuf>,
    /// The line in that file, from 1.
    pub line: Option<u32>,
    /// The dotted key.
    pub key: Option<String>,
}

/// Prints `file:line: summary`, as compilers do.
impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.path, self.line) {
            (Some(path), Some(line)) => write!(f, "{}:{line}: {}", path.display(), self.summary),
            (Some(path), None) => write!(f, "{}: {}", path.display(), self.summary),
            (None, _) => f.write_str(&self.summary),
        }
    }
}

/// What is wrong with one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No such key.
    Unknown,
    /// A key of the peer, which has no meaning here.
    Peer,
    /// A section with a plain value.
    NotATable,
    /// The name that the user chose is not one.
    BadName,
    /// The profile that `--profile` asks for is not there.
    NoProfile,
    /// The value is of another type or out of range.
    Value(Kind),
    /// The layer may not say this.
    Refused(Refusal),
}

impl Warning {
    /// A fault of a key.
    pub(crate) fn of_key(layer: &LayerName, path: &[String], line: Option<u32>, fault: Fault) -> Self {
        let key = shown(path);
        let place = layer.place();
        let summary = match fault {
            Fault::Unknown => match path {
                [section, name] if section == "features" => {
                    format!("Unknown feature `{}` {place} was ignored.", shown(std::slice::from_ref(name)))
                }
                _ => format!("Unknown key `{key}` {place} was ignored."),
            },
            Fault::Peer => format!("Key `{key}` {place} has no meaning for Easel and was passed over."),
            Fault::NotATable => format!("`{key}` {place} must be a table and was ignored."),
            Fault::BadName => {
                format!(
                    "`{key}` {place} was ignored: a name is 1 to 64 letters, digits, dots, hyphens and underscores."
                )
            }
            Fault::NoProfile => format!("`--profile` asks for `{key}`, which is not {place}."),
            Fault::Value(kind) => format!("`{key}` {place} was ignored: it must be {kind}."),
            Fault::Refused(Refusal::Project) => format!("`{key}` may not be set {place} and was refused."),
            Fault::Refused(Refusal::Untrusted) => {
                let project = if let LayerName::Project { folder, .. } = layer {
                    folder.parent().unwrap_or(folder).display().to_string()
                } else {
                    String::new()
                };
                format!(
                    "`{key}` {place} was refused: the project is not trusted. To trust it, add \
                     `[projects.{}]` with `trust_level = \"trusted\"` to config.toml in Easel's home.",
                    toml::Value::String(plain(&project))
                )
            }
            Fault::Refused(Refusal::HomeOnly) => {
                format!(
                    "`{key}` {place} was refused: only config.toml in Easel's home says which projects are trusted."
                )
            }
            Fault::Refused(Refusal::Loosened) => {
                format!("`{key}` {place} was refused: only the user may loosen it.")
            }
            Fault::Refused(Refusal::ProcessWide) => {
                format!("`{key}` {place} was ignored: it holds for the whole server, not for one thread.")
            }
            Fault::Refused(Refusal::SwitchedOff) => {
                format!("`{key}` {place} was refused: it is switched off for the whole server.")
            }
        };
        Self { summary, path: layer.file().map(Path::to_owned), line, key: Some(key) }
    }

    /// A fault of the layer as a whole; `what` completes the sentence that begins with the layer's name.
    pub(crate) fn of_layer(layer: &LayerName, line: Option<u32>, what: &str) -> Self {
        let summary = format!("The {} {what}.", layer.noun());
        Self { summary, path: layer.file().map(Path::to_owned), line, key: None }
    }
}

/// The dotted key, cut to a bound and free of control characters, which could forge lines in a log or on a terminal.
fn shown(path: &[String]) -> String {
    let dotted = path.join(".");
    let mut shown: String = plain(&dotted).chars().take(LONGEST_SHOWN_KEY).collect();
    if dotted.chars().count() > LONGEST_SHOWN_KEY {
        shown.push('…');
    }
    shown
}

fn plain(text: &str) -> String {
    text.chars().map(|c| if is_plain(c) { c } else { '\u{fffd}' }).collect()
}

/// Bidirectional and zero-width marks are not control characters, yet they make one key look like another.
fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_key_is_shown_short_and_plain() {
        let key = format!("a\u{1b}[31m\n\u{202e}{}", "x".repeat(10_000));
        let warning = Warning::of_key(&LayerName::Environment, &[key], None, Fault::Unknown);
        assert!(warning.summary.len() < 250, "{}", warning.summary.len());
        assert!(warning.summary.chars().all(is_plain), "{}", warning.summary);
        assert_eq!(warning.summary.lines().count(), 1);
    }
}
