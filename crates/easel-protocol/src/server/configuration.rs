//! The effective configuration, its layers, and writes to it.

mod features;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use self::features::{
    ExperimentalFeature, ExperimentalFeatureEnablementSetParams, ExperimentalFeatureEnablementSetResponse,
    ExperimentalFeatureListParams, ExperimentalFeatureListResponse, FeatureStage,
};

/// Reads the effective configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ConfigReadParams {
    /// Whether the response has the layers. Default false.
    #[serde(default)]
    pub include_layers: Option<bool>,
    /// Absolute path of the project whose layer is included. Absent: no project layer.
    #[serde(default)]
    pub cwd: Option<String>,
}

/// The effective configuration. Keys in `config` and `origins` are the keys of `config.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConfigReadResponse {
    /// The value of every key, without secrets.
    pub config: serde_json::Map<String, serde_json::Value>,
    /// The layer of each key that is not a default, by dotted key.
    pub origins: BTreeMap<String, ConfigLayerMetadata>,
    /// The layers, highest precedence first. `null` unless `includeLayers` is true.
    pub layers: Option<Vec<ConfigLayer>>,
}

/// Names a version of a configuration layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConfigLayerMetadata {
    /// The source of the layer.
    pub name: ConfigLayerSource,
    /// Changes exactly when the content of the layer changes.
    pub version: String,
}

/// A layer of the configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConfigLayer {
    /// The source of the layer.
    pub name: ConfigLayerSource,
    /// Changes exactly when the content of the layer changes.
    pub version: String,
    /// The keys that the layer sets, without secrets.
    pub config: serde_json::Map<String, serde_json::Value>,
}

/// Sources of configuration layers. The subset of the Codex app-server's sources that Easel uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ConfigLayerSource {
    /// `config.toml` of the home, or a profile in it.
    User {
        /// Absolute path of the file.
        file: String,
        /// The name of the profile. `null` for the file itself.
        profile: Option<String>,
    },
    /// The configuration folder of a project.
    Project {
        /// Absolute path of the folder, under the name that clients of the Codex app-server read.
        dot_codex_folder: String,
    },
    /// The environment, the command line, and the overrides of a thread.
    SessionFlags {},
}

/// Writes one key of the home's `config.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ConfigValueWriteParams {
    /// The dotted key as in TOML: parts that are not bare keys are quoted.
    pub key_path: String,
    /// The new value. `null` removes the key.
    pub value: serde_json::Value,
    /// What happens to an existing table.
    pub merge_strategy: MergeStrategy,
    /// Absolute path of the home's `config.toml`; the request fails for any other file. Absent: that file.
    #[serde(default)]
    pub file_path: Option<String>,
    /// The version of the user layer that the change is based on. The request fails if the layer has changed since.
    #[serde(default)]
    pub expected_version: Option<String>,
}

/// Writes several keys of the home's `config.toml`: all or none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ConfigBatchWriteParams {
    /// The changes, at most 256.
    pub edits: Vec<ConfigEdit>,
    /// Absolute path of the home's `config.toml`; the request fails for any other file. Absent: that file.
    #[serde(default)]
    pub file_path: Option<String>,
    /// The version of the user layer that the change is based on. The request fails if the layer has changed since.
    #[serde(default)]
    pub expected_version: Option<String>,
    /// Whether loaded threads apply the change at once. Features, limits and similar settings change; model and
    /// provider stay. Default false.
    #[serde(default)]
    pub reload_user_config: Option<bool>,
}

/// A change of one key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConfigEdit {
    /// The dotted key as in TOML: parts that are not bare keys are quoted.
    pub key_path: String,
    /// The new value. `null` removes the key.
    pub value: serde_json::Value,
    /// What happens to an existing table.
    pub merge_strategy: MergeStrategy,
}

/// What happens to a table when another table is written to its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum MergeStrategy {
    /// Removes the keys that the new table does not have.
    Replace,
    /// Keeps the keys that the new table does not have.
    Upsert,
}

/// The configuration was written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConfigWriteResponse {
    /// Whether the new value applies.
    pub status: WriteStatus,
    /// The new version of the user layer, as in `config/read`.
    pub version: String,
    /// Absolute path of the file, with links resolved.
    pub file_path: String,
    /// The higher layer that overrides the value. `null` unless `status` is `okOverridden`.
    pub overridden_metadata: Option<OverriddenMetadata>,
}

/// Whether a written value applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum WriteStatus {
    /// The value applies.
    Ok,
    /// The value was written, and a higher layer overrides it.
    OkOverridden,
}

/// Which layer overrides a written value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct OverriddenMetadata {
    /// One sentence for the user.
    pub message: String,
    /// The higher layer.
    pub overriding_layer: ConfigLayerMetadata,
    /// The value that applies.
    pub effective_value: serde_json::Value,
}

/// Reads the requirements that an administrator sets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConfigRequirementsReadParams {}

/// The requirements that an administrator sets. Easel has none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConfigRequirementsReadResponse {
    /// Always `null`: only the user configures Easel.
    pub requirements: Option<serde_json::Map<String, serde_json::Value>>,
}
