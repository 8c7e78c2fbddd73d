//! What other servers of this protocol have and an image server does not: skills, hooks of the agent, plugins, apps.
//!
//! Clients read these lists when they start, and show an error if the method does not exist. Easel answers with empty
//! lists. The hooks of image calls are not those of an agent's tools: `config/read` has them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::id::ThreadId;

macro_rules! params_without_effect {
    ($($(#[$doc:meta])+ $name:ident;)+) => {
        $(
            $(#[$doc])+
            ///
            /// The params of other servers are accepted and have no effect.
            #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
            #[serde(rename_all = "camelCase")]
            pub struct $name {}
        )+
    };
}

params_without_effect! {
    /// Lists the apps on offer.
    AppsListParams;
    /// Lists the installed apps.
    AppsInstalledParams;
    /// Reads advice on the security of the account.
    GetAccountSecuritySetupParams;
    /// Reads the messages of the account's workspace.
    GetWorkspaceMessagesParams;
    /// Lists MCP servers and their state.
    ListMcpServerStatusParams;
    /// Lists permission profiles.
    PermissionProfileListParams;
    /// Lists the installed plugins.
    PluginInstalledParams;
    /// Lists the plugins on offer.
    PluginListParams;
    /// Lists groups of threads.
    ThreadSectionListParams;
}

/// Lists the hooks of an agent's tools, by folder. Those of image calls are in `config/read`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct HooksListParams {
    /// The folders, at most 256. Absent or empty: the server's.
    #[serde(default)]
    pub cwds: Option<Vec<String>>,
    /// Lists the folder of this thread instead.
    #[serde(default)]
    pub thread_id: Option<ThreadId>,
}

/// The hooks of each folder.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct HooksListResponse {
    /// One entry per folder, in the order of the request.
    pub data: Vec<HooksListEntry>,
}

/// The hooks of one folder.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct HooksListEntry {
    /// The folder, as the request names it.
    pub cwd: String,
    /// Always empty.
    #[schemars(length(max = 0))]
    pub hooks: Vec<Value>,
    /// Always empty.
    #[schemars(length(max = 0))]
    pub warnings: Vec<String>,
    /// Always empty.
    #[schemars(length(max = 0))]
    pub errors: Vec<Value>,
}

/// Lists the skills of the agent, by folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct SkillsListParams {
    /// The folders, at most 256. Absent or empty: the server's.
    #[serde(default)]
    pub cwds: Option<Vec<String>>,
}

/// The skills of each folder.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct SkillsListResponse {
    /// One entry per folder, in the order of the request.
    pub data: Vec<SkillsListEntry>,
}

/// The skills of one folder.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct SkillsListEntry {
    /// The folder, as the request names it.
    pub cwd: String,
    /// Always empty.
    #[schemars(length(max = 0))]
    pub skills: Vec<Value>,
    /// Always empty.
    #[schemars(length(max = 0))]
    pub errors: Vec<Value>,
}

/// Reads the goal of a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadGoalGetParams {
    /// The thread.
    pub thread_id: ThreadId,
}

/// The goal of a thread. Threads of Easel have none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadGoalGetResponse {
    /// Always `null`.
    pub goal: Option<Value>,
}

/// The only page of a list without entries.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct EmptyPageResponse {
    /// Always empty.
    #[schemars(length(max = 0))]
    pub data: Vec<Value>,
    /// Always `null`: there is no second page.
    pub next_cursor: Option<String>,
}

/// The apps that are installed. Easel has none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct AppsInstalledResponse {
    /// Always empty.
    #[schemars(length(max = 0))]
    pub apps: Vec<Value>,
}

/// The marketplaces of plugins. Easel has none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct PluginListResponse {
    /// Always empty.
    #[schemars(length(max = 0))]
    pub marketplaces: Vec<Value>,
    /// Always empty: nothing is loaded.
    #[schemars(length(max = 0))]
    pub marketplace_load_errors: Vec<Value>,
    /// Always empty.
    #[schemars(length(max = 0))]
    pub featured_plugin_ids: Vec<String>,
}

/// The marketplaces of the plugins that are installed. Easel has none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct PluginInstalledResponse {
    /// Always empty.
    #[schemars(length(max = 0))]
    pub marketplaces: Vec<Value>,
    /// Always empty: nothing is loaded.
    #[schemars(length(max = 0))]
    pub marketplace_load_errors: Vec<Value>,
}

/// Messages of the account's workspace to its members. Easel reads none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct GetWorkspaceMessagesResponse {
    /// Always `false`.
    pub feature_enabled: bool,
    /// Always empty.
    #[schemars(length(max = 0))]
    pub messages: Vec<Value>,
}

/// What the account should do for its security. Easel does not ask.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct GetAccountSecuritySetupResponse {
    /// Always `null`.
    pub notice: Option<Value>,
}
