//! One layer of the configuration, and how it enters the merge.

use std::fmt;
use std::path::{Path, PathBuf};

use config::{ConfigError, Map, Source, ValueKind};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Where a value comes from, lowest precedence first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LayerName {
    /// Built in.
    Defaults,
    /// `config.toml` of the home folder.
    Home {
        /// The file, which need not exist.
        file: PathBuf,
    },
    /// A table under `[profiles]` of that file, chosen by `--profile`.
    Profile {
        /// The file of the home folder.
        file: PathBuf,
        /// The profile's name.
        name: String,
    },
    /// `config.toml` of the project around a thread's working directory.
    Project {
        /// The `.easel` folder that holds the file.
        folder: PathBuf,
        /// The file itself.
        file: PathBuf,
    },
    /// Variables that begin with `EASEL__`.
    Environment,
    /// `-c`, `--enable` and `--disable`.
    CommandLine,
    /// Features that the client switched while the process ran.
    Switches,
    /// `config` of one thread, given by the client.
    Thread,
}

impl LayerName {
    /// The file that the layer was read from.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Home { file } | Self::Profile { file, .. } | Self::Project { file, .. } => Some(file),
            Self::Defaults | Self::Environment | Self::CommandLine | Self::Switches | Self::Thread => None,
        }
    }

    /// What people call it: "home configuration".
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Defaults => "built-in configuration",
            Self::Home { .. } => "home configuration",
            Self::Profile { .. } => "profile",
            Self::Project { .. } => "project configuration",
            Self::Environment => "environment",
            Self::CommandLine => "command line",
            Self::Switches => "client's switches",
            Self::Thread => "thread's configuration",
        }
    }

    /// Where a key stands: "in the home configuration", "on the command line".
    pub(crate) fn place(&self) -> &'static str {
        match self {
            Self::Defaults => "in the built-in configuration",
            Self::Home { .. } => "in the home configuration",
            Self::Profile { .. } => "in the profile",
            Self::Project { .. } => "in the project configuration",
            Self::Environment => "in the environment",
            Self::CommandLine => "on the command line",
            Self::Switches => "among the client's switches",
            Self::Thread => "in the thread's configuration",
        }
    }
}

/// One layer after its keys were judged.
///
/// Its `Debug` leaves out what the layer sets, because the value of a header may be a secret.
#[derive(Clone, PartialEq)]
pub struct Layer {
    /// Where it comes from.
    pub name: LayerName,
    /// What it sets, as nested tables with only known keys and good values. Only values of `http_headers` and
    /// `query_params` and `auth.args` can be secret.
    pub config: serde_json::Map<String, Value>,
    /// A short hash of `config`: it changes exactly when the layer says something else.
    pub version: String,
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layer").field("name", &self.name).field("version", &self.version).finish_non_exhaustive()
    }
}

impl Layer {
    pub(crate) fn new(name: LayerName, config: serde_json::Map<String, Value>) -> Self {
        let version = version(&config);
        Self { name, config, version }
    }
}

/// Keys of a JSON map are sorted, so the text is canonical.
fn version(config: &serde_json::Map<String, Value>) -> String {
    let text = serde_json::to_string(config).unwrap_or_default();
    let hash = Sha256::digest(text.as_bytes());
    let short: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{short}")
}

/// A layer on its way into the merge; its position is the origin that every merged value then carries.
#[derive(Debug, Clone)]
pub(crate) struct Ranked {
    pub(crate) position: usize,
    pub(crate) config: serde_json::Map<String, Value>,
}

impl Source for Ranked {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, config::Value>, ConfigError> {
        Ok(table(&self.position.to_string(), &self.config))
    }
}

fn table(origin: &String, config: &serde_json::Map<String, Value>) -> Map<String, config::Value> {
    config.iter().map(|(key, value)| (key.clone(), config::Value::new(Some(origin), kind(origin, value)))).collect()
}

fn kind(origin: &String, value: &Value) -> ValueKind {
    match value {
        Value::Null => ValueKind::Nil,
        Value::Bool(switch) => ValueKind::Boolean(*switch),
        Value::Number(number) => match number.as_u64() {
            Some(whole) => ValueKind::U64(whole),
            None => number.as_f64().map_or(ValueKind::Nil, ValueKind::Float),
        },
        Value::String(text) => ValueKind::String(text.clone()),
        Value::Array(items) => {
            ValueKind::Array(items.iter().map(|item| config::Value::new(Some(origin), kind(origin, item))).collect())
        }
        Value::Object(object) => ValueKind::Table(table(origin, object)),
    }
}
