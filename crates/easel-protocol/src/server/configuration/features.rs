//! Features, which a configuration or a request switches.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::ThreadId;

/// Lists the features.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ExperimentalFeatureListParams {
    /// `nextCursor` of the previous page. Absent: the first page.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Maximum number of entries in the page, 1 to 500. Default 500.
    #[serde(default)]
    pub limit: Option<u32>,
    /// Uses the configuration of this thread. Absent: the default configuration.
    #[serde(default)]
    pub thread_id: Option<ThreadId>,
}

/// A page of features.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ExperimentalFeatureListResponse {
    /// The features of this page.
    pub data: Vec<ExperimentalFeature>,
    /// The cursor of the next page. `null` on the last page.
    pub next_cursor: Option<String>,
}

/// A feature that can be switched on and off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ExperimentalFeature {
    /// The name, as in `[features]` of `config.toml`.
    pub name: String,
    /// How finished the feature is.
    pub stage: FeatureStage,
    /// Always `null`.
    pub display_name: Option<String>,
    /// One sentence about the feature.
    pub description: Option<String>,
    /// Always `null`.
    pub announcement: Option<String>,
    /// Whether the feature is on.
    pub enabled: bool,
    /// Whether the feature is on when nothing switches it.
    pub default_enabled: bool,
}

/// How finished a feature is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum FeatureStage {
    /// The feature may change or be removed.
    UnderDevelopment,
    /// The feature is finished.
    Stable,
}

/// Switches features until the server stops.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ExperimentalFeatureEnablementSetParams {
    /// On or off, by name. Other features keep their state; unknown names are ignored.
    pub enablement: BTreeMap<String, bool>,
}

/// The features were switched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ExperimentalFeatureEnablementSetResponse {
    /// The features that the request switched.
    pub enablement: BTreeMap<String, bool>,
}
