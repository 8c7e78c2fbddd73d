//! Writes the home's `config.toml` for a client. A change that loading would not accept is refused, and the file is
//! replaced as a whole.

mod atomic_file;
mod edit;
mod error;
mod lock;

use std::path::PathBuf;

use serde_json::Value;
use toml_edit::Key;

use crate::layers::file::{self, MAX_FILE_BYTES};
use crate::layers::{LayerStack, canonicalize_if_exists, from_json, is_nested_too_deep, nest};
use crate::{LayerName, Loader, Warning};

pub use error::WriteError;

/// One change of the file.
///
/// There is no `Debug`, because the value may be a secret.
#[derive(Clone, PartialEq)]
pub struct Edit {
    /// A dotted key as in TOML: parts that are not bare keys are quoted.
    pub key_path: String,
    /// The new value; null removes the key.
    pub value: Value,
    /// What happens to an existing table.
    pub merge: Merge,
}

/// What happens to an existing table when another table is written to its key. Other values are always replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// Keys that the new table lacks are removed.
    Replace,
    /// Keys that the new table lacks are kept.
    Upsert,
}

/// The result of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteOutcome {
    /// The path of the file, with symbolic links resolved.
    pub file: PathBuf,
    /// The new version of the home's layer.
    pub version: String,
    /// The paths of the keys that the write set.
    pub keys: Vec<Vec<String>>,
}

/// An edit whose key is parsed and whose value is valid.
#[derive(Debug)]
pub(crate) struct Change<'a> {
    /// The parts of the key.
    pub(crate) path: Vec<String>,
    /// The new value; null removes the key.
    pub(crate) value: &'a Value,
    /// What happens to an existing table.
    pub(crate) merge: Merge,
}

impl Loader {
    /// Makes all changes or none. With `expected`, the home's layer must have this version.
    ///
    /// Blocks, and waits up to 5 s for another process that is writing.
    ///
    /// # Errors
    /// [`WriteError`], which never repeats a value. The file is then unchanged.
    pub fn write(&self, edits: &[Edit], expected: Option<&str>) -> Result<WriteOutcome, WriteError> {
        let path = self.file();
        let changes = edits.iter().map(|edit| self.validate(edit)).collect::<Result<Vec<_>, _>>()?;
        let _lock = lock::lock(&path)?;
        let layer = LayerName::Home { file: path.clone() };
        let before = file::read_text(&layer, &path).map_err(|warning| WriteError::from_file(&warning))?;
        let before = before.unwrap_or_default();
        let version_before = self.version(&before)?;
        if expected.is_some_and(|expected| expected != version_before) {
            return Err(WriteError::Conflict);
        }
        let after = edit::apply_all(&before, &changes).map_err(|_| WriteError::broken_file())?;
        // Reading the text back proves that the next load accepts it.
        let version = self.version(&after)?;
        let real = canonicalize_if_exists(&path);
        if after != before {
            let io = |source| WriteError::Io { path: path.clone(), source };
            atomic_file::replace(&real, after.as_bytes()).map_err(io)?;
        }
        let mut keys = Vec::new();
        changes.iter().for_each(|change| add_leaves(&change.path, change.value, &mut keys));
        Ok(WriteOutcome { file: real, version, keys })
    }

    /// Parses the key of an edit and checks that loading would accept the value.
    fn validate<'a>(&self, edit: &'a Edit) -> Result<Change<'a>, WriteError> {
        let bad_key = || WriteError::Invalid("`keyPath` is not a dotted key.".to_owned());
        if edit.key_path.len() as u64 > MAX_FILE_BYTES || is_nested_too_deep(&edit.key_path) {
            return Err(bad_key());
        }
        let keys = Key::parse(edit.key_path.trim()).map_err(|_| bad_key())?;
        let path: Vec<String> = keys.iter().map(|key| key.get().to_owned()).collect();
        if let Some(value) = from_json(&edit.value) {
            let entry = nest(&path, value).ok_or_else(bad_key)?;
            let mut stack = LayerStack::default();
            stack.push_home(&self.file(), None, vec![entry]);
            if let Some(warning) = stack.warnings.first() {
                return Err(WriteError::Invalid(warning.refusal.clone()));
            }
        }
        Ok(Change { path, value: &edit.value, merge: edit.merge })
    }

    /// Returns the version of the home's layer if its file had this text.
    fn version(&self, text: &str) -> Result<String, WriteError> {
        let path = self.file();
        let layer = LayerName::Home { file: path.clone() };
        let invalid = |warning: Warning| WriteError::from_file(&warning);
        if text.len() as u64 > MAX_FILE_BYTES {
            return Err(invalid(file::file_too_large(&layer)));
        }
        let entries = file::parse(&layer, text).map_err(invalid)?;
        let mut stack = LayerStack::default();
        stack.push_home(&path, None, entries);
        stack.layers.first().map(|layer| layer.version.clone()).ok_or_else(WriteError::broken_file)
    }
}

/// Adds the path of every key that a value sets.
fn add_leaves(path: &[String], value: &Value, keys: &mut Vec<Vec<String>>) {
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            for (name, value) in fields {
                add_leaves(&[path, std::slice::from_ref(name)].concat(), value, keys);
            }
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => keys.push(path.to_vec()),
    }
}
