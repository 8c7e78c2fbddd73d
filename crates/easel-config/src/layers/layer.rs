//! One layer of the configuration.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::keys::redact;

/// The source of a layer, lowest precedence first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LayerName {
    /// The built-in defaults.
    Defaults,
    /// `config.toml` in the home folder.
    Home {
        /// The path of the file, which need not exist.
        file: PathBuf,
    },
    /// A table under `[profiles]` of the home's file, chosen with `--profile`.
    Profile {
        /// The path of the home's file.
        file: PathBuf,
        /// The name of the profile.
        name: String,
    },
    /// `.easel/config.toml` of the project that contains a thread's working directory.
    Project {
        /// The path of the `.easel` folder.
        folder: PathBuf,
        /// The path of the file.
        file: PathBuf,
    },
    /// Environment variables that begin with `EASEL__`.
    Environment,
    /// The options `-c`, `--enable` and `--disable`.
    CommandLine,
    /// Features that a client switched at run time.
    RuntimeFeatures,
    /// The `config` of one thread, sent by the client.
    Thread,
}

impl LayerName {
    /// Returns the file that the layer is read from.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Home { file } | Self::Profile { file, .. } | Self::Project { file, .. } => Some(file),
            Self::Defaults | Self::Environment | Self::CommandLine | Self::RuntimeFeatures | Self::Thread => None,
        }
    }

    /// Returns what people call the layer, to follow "the": "home configuration".
    pub(crate) fn noun(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Defaults => "built-in configuration",
            Self::Home { .. } => "home configuration",
            Self::Profile { name, .. } => return Cow::Owned(format!("profile `{name}`")),
            Self::Project { .. } => "project configuration",
            Self::Environment => "environment",
            Self::CommandLine => "command line",
            Self::RuntimeFeatures => "features that a client switched",
            Self::Thread => "thread's configuration",
        })
    }

    /// Returns where a key is, to follow the key: " on the command line". Empty for files, which warnings print first.
    pub(crate) fn location(&self) -> &'static str {
        match self {
            Self::Home { .. } | Self::Profile { .. } | Self::Project { .. } => "",
            Self::Defaults => " in the built-in configuration",
            Self::Environment => " in the environment",
            Self::CommandLine => " on the command line",
            Self::RuntimeFeatures => " among the features that a client switched",
            Self::Thread => " in the thread's configuration",
        }
    }
}

/// A validated layer.
///
/// `Debug` leaves out the values, because some may be secret.
#[derive(Clone, PartialEq)]
pub struct Layer {
    /// The source of the layer.
    pub name: LayerName,
    /// A short hash of the values. It changes if and only if a value changes.
    pub version: String,
    /// The values as nested tables. All keys are known and all values are valid.
    pub(crate) values: Map<String, Value>,
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layer").field("name", &self.name).field("version", &self.version).finish_non_exhaustive()
    }
}

impl Layer {
    pub(crate) fn new(name: LayerName, values: Map<String, Value>) -> Self {
        let version = hash(&values);
        Self { name, version, values }
    }

    /// Returns the values as nested tables, with `***` in place of those that may be secret.
    pub fn redacted_values(&self) -> Map<String, Value> {
        let mut values = self.values.clone();
        for (name, value) in &mut values {
            redact(value, &mut vec![name.clone()]);
        }
        values
    }
}

/// Hashes the JSON text, which is canonical because the keys of a map are sorted.
fn hash(values: &Map<String, Value>) -> String {
    let text = serde_json::to_string(values).unwrap_or_default();
    format!("sha256:{}", hex::encode(&Sha256::digest(text.as_bytes())[..8]))
}
