//! Writes the home's `config.toml` for a client. Nothing that loading would not take is written, and never half a file.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tempfile::NamedTempFile;
use toml_edit::Key;

use crate::depth::too_deep;
use crate::edit::{Change, changed};
use crate::file::{self, LARGEST_FILE};
use crate::lock::lock;
use crate::node::{from_json, nested};
use crate::stack::Stack;
use crate::{LayerName, Loader};

/// One change of the file.
///
/// It has no `Debug`, because the value of a header may be a secret.
#[derive(Clone, PartialEq)]
pub struct Edit {
    /// A dotted key as in TOML: parts that are not plain words stand in quotes.
    pub key_path: String,
    /// What it becomes; null removes it.
    pub value: Value,
    /// What becomes of a table that is there.
    pub merge: Merge,
}

/// What becomes of a table when another is written to its key. Other values are always replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// Keys that the new one does not have go.
    Replace,
    /// They stay.
    Upsert,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The file, with links followed.
    pub file: PathBuf,
    /// The version of the home's layer as it is now.
    pub version: String,
    /// The names of every key that has a value now which it was given.
    pub keys: Vec<Vec<String>>,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum WriteRefused {
    /// The key or the value is not one, in the words that loading has for it.
    #[error("{0}")]
    Invalid(String),
    /// The home's layer is another than the client read.
    #[error("The configuration was modified since last read; read it again and repeat the change.")]
    Conflict,
    /// Another process has the lock.
    #[error("Nothing was written: another process has held {} for {} s. Try again when it is done.", path.display(), waited.as_secs())]
    Busy {
        /// The lock's file.
        path: PathBuf,
        /// How long this process has waited for it.
        waited: Duration,
    },
    /// The disk refused.
    #[error("{path:?} could not be written: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

impl Loader {
    /// Makes all changes or none. `expected` is the version of the home's layer that they are based on, if that matters.
    ///
    /// Blocks; waits up to 5 s for another process that is writing. What is refused leaves the file as it was.
    ///
    /// # Errors
    /// [`WriteRefused`], which never repeats a value.
    pub fn write(&self, edits: &[Edit], expected: Option<&str>) -> Result<Written, WriteRefused> {
        let path = self.file();
        let io = |source| WriteRefused::Io { path: path.clone(), source };
        let changes = edits.iter().map(|edit| self.checked(edit)).collect::<Result<Vec<_>, _>>()?;
        let _lock = lock(&path)?;
        let layer = LayerName::Home { file: path.clone() };
        let invalid = |warning: crate::Warning| WriteRefused::Invalid(warning.to_string());
        let held = file::text(&layer, &path).map_err(invalid)?.unwrap_or_default();
        let before = self.version(&held)?;
        if expected.is_some_and(|expected| expected != before) {
            return Err(WriteRefused::Conflict);
        }
        let text = changed(&held, &changes).map_err(|_| broken())?;
        // What cannot be read back is not written, whatever the reason.
        let version = self.version(&text)?;
        let real = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        if text != held {
            replace(&real, text.as_bytes()).map_err(io)?;
        }
        let mut keys = Vec::new();
        changes.iter().for_each(|change| leaves(&change.names, change.value, &mut keys));
        Ok(Written { file: real, version, keys })
    }

    /// The change, when loading would take it.
    fn checked<'a>(&self, edit: &'a Edit) -> Result<Change<'a>, WriteRefused> {
        let no_key = || WriteRefused::Invalid("`keyPath` is not a dotted key.".to_owned());
        if edit.key_path.len() as u64 > LARGEST_FILE || too_deep(&edit.key_path).is_some() {
            return Err(no_key());
        }
        let keys = Key::parse(edit.key_path.trim()).map_err(|_| no_key())?;
        let names: Vec<String> = keys.iter().map(|key| key.get().to_owned()).collect();
        let Some(node) = from_json(&edit.value) else {
            return Ok(Change { names, value: &edit.value, merge: edit.merge });
        };
        let entry = nested(&names, node).ok_or_else(no_key)?;
        let mut stack = Stack::default();
        stack.push_home(&self.file(), None, vec![entry]);
        match stack.warnings.first() {
            Some(warning) => Err(WriteRefused::Invalid(warning.summary.clone())),
            None => Ok(Change { names, value: &edit.value, merge: edit.merge }),
        }
    }

    /// The version of the home's layer with this text.
    fn version(&self, text: &str) -> Result<String, WriteRefused> {
        let path = self.file();
        let layer = LayerName::Home { file: path.clone() };
        let invalid = |warning: crate::Warning| WriteRefused::Invalid(warning.to_string());
        if text.len() as u64 > LARGEST_FILE {
            return Err(invalid(file::too_large(&layer)));
        }
        let entries = file::entries(&layer, text).map_err(invalid)?;
        let mut stack = Stack::default();
        stack.push_home(&path, None, entries);
        stack.layers.first().map(|layer| layer.version.clone()).ok_or_else(broken)
    }
}

/// The keys that a value sets.
fn leaves(names: &[String], value: &Value, keys: &mut Vec<Vec<String>>) {
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            for (name, value) in fields {
                leaves(&[names, std::slice::from_ref(name)].concat(), value, keys);
            }
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => keys.push(names.to_vec()),
    }
}

fn broken() -> WriteRefused {
    WriteRefused::Invalid("The home configuration cannot be changed: it is not valid TOML.".to_owned())
}

/// Replaces the file as a whole and durably. It keeps its mode; a new one is its owner's alone.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    if let Ok(held) = fs::metadata(path) {
        file.as_file().set_permissions(held.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(path)?;
    sync_folder(folder)
}

/// Makes the new name durable.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

/// Folders cannot be opened elsewhere.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
