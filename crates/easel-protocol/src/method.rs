//! The methods as data: one type for each, in one list in reading order. The dispatch table, the schema, the typed
//! client and the method table of ARCHITECTURE.md follow from [`for_each_method!`](crate::for_each_method).

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};
use ts_rs::TS;

use crate::{
    absent, account, approval, configuration, handshake, image, model, rate_limits, thread, tool, turn, usage,
};

/// A request that a client sends to the server, or the server to a client.
pub trait Method: 'static {
    /// The name on the wire, `resource/verb`.
    const NAME: &'static str;
    /// One line for the method table.
    const SUMMARY: &'static str;
    /// Whether the method changes anything.
    const EFFECT: Effect;
    /// The params of the request.
    type Params: Serialize + DeserializeOwned + JsonSchema + TS + Send + Sync + 'static;
    /// The result of the request.
    type Response: Serialize + DeserializeOwned + JsonSchema + TS + Send + Sync + Clone + 'static;

    /// The field of the params that names the thread. Requests of one thread that have it are handled in order.
    const THREAD_FIELD: Option<&'static str> = None;

    /// Returns the value of [`Method::THREAD_FIELD`].
    fn thread(_params: &Self::Params) -> Option<&str> {
        None
    }

    // These conversions are functions of each method, and not generic code of their callers: the code of serde is then
    // compiled once, in this crate, instead of in each crate that sends or receives the messages.

    /// Deserializes params.
    ///
    /// # Errors
    /// If the JSON is not an object of this shape.
    fn params_from_json(json: &str) -> serde_json::Result<Self::Params>;

    /// Serializes params.
    ///
    /// # Errors
    /// If a map has keys that JSON cannot have.
    fn params_to_json(params: &Self::Params) -> serde_json::Result<Box<RawValue>>;

    /// Deserializes a result.
    ///
    /// # Errors
    /// If the JSON is not an object of this shape.
    fn response_from_json(json: &str) -> serde_json::Result<Self::Response>;

    /// Serializes a result.
    ///
    /// # Errors
    /// If a map has keys that JSON cannot have.
    fn response_to_json(response: &Self::Response) -> serde_json::Result<Box<RawValue>>;
}

/// Whether a method changes anything. This decides what a cancellation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The method changes nothing. A cancelled request stops where it is.
    Read,
    /// The method changes something. Work that has begun runs to its end; a cancelled request only stops waiting for
    /// it.
    Write,
}

/// Runs the same code for every method, without a list of them.
pub trait MethodVisitor {
    /// Visits one method.
    fn visit<M: Method>(&mut self);
}

macro_rules! types {
    ($(
        $effect:ident $name:literal $method:ident($params:path) -> $response:path $([$thread:ident])?, $summary:literal;
    )+) => {
        $(
            #[doc = concat!("`", $name, "`: ", $summary)]
            #[derive(Debug, Clone, Copy)]
            pub struct $method;

            impl Method for $method {
                const NAME: &'static str = $name;
                const SUMMARY: &'static str = $summary;
                const EFFECT: Effect = Effect::$effect;
                type Params = $params;
                type Response = $response;
                $(
                const THREAD_FIELD: Option<&'static str> = Some("threadId");

                fn thread(params: &Self::Params) -> Option<&str> {
                    Some(&params.$thread)
                }
                )?

                fn params_from_json(json: &str) -> serde_json::Result<Self::Params> {
                    serde_json::from_str(json)
                }

                fn params_to_json(params: &Self::Params) -> serde_json::Result<Box<RawValue>> {
                    to_raw_value(params)
                }

                fn response_from_json(json: &str) -> serde_json::Result<Self::Response> {
                    serde_json::from_str(json)
                }

                fn response_to_json(response: &Self::Response) -> serde_json::Result<Box<RawValue>> {
                    to_raw_value(response)
                }
            }
        )+
    };
}

macro_rules! methods {
    ($(
        $effect:ident $name:literal $method:ident($params:path) -> $response:path $([$thread:ident])?, $summary:literal;
    )+) => {
        types! { $($effect $name $method($params) -> $response $([$thread])?, $summary;)+ }

        /// Visits every method in reading order.
        pub fn visit_methods(visitor: &mut impl MethodVisitor) {
            $(visitor.visit::<$method>();)+
        }

        /// Calls a macro with the types of all methods, for code that needs one item for each.
        #[macro_export]
        macro_rules! for_each_method {
            ($callback:ident) => { $callback!($($method)+); };
        }
    };
}

macro_rules! server_requests {
    ($($effect:ident $name:literal $method:ident($params:path) -> $response:path, $summary:literal;)+) => {
        types! { $($effect $name $method($params) -> $response, $summary;)+ }

        /// Visits every request that the server sends to a client.
        pub fn visit_server_requests(visitor: &mut impl MethodVisitor) {
            $(visitor.visit::<$method>();)+
        }
    };
}

server_requests! {
    Write "account/chatgptAuthTokens/refresh" ChatgptAuthTokensRefresh(account::ChatgptAuthTokensRefreshParams) -> account::ChatgptAuthTokensRefreshResponse, "asks the client that owns the tokens for a new one";
    Write "item/permissions/requestApproval" PermissionsRequestApproval(approval::PermissionsRequestApprovalParams) -> approval::PermissionsRequestApprovalResponse, "asks the client that started the turn whether an image call may be made";
}

methods! {
    Read "initialize" Initialize(handshake::InitializeParams) -> handshake::InitializeResponse, "opens the connection";
    Read "account/read" AccountRead(account::GetAccountParams) -> account::GetAccountResponse, "the account in use";
    Write "account/login/start" AccountLoginStart(account::LoginAccountParams) -> account::LoginAccountResponse, "stores a key of the public API, or uses ChatGPT tokens";
    Read "account/login/cancel" AccountLoginCancel(account::CancelLoginAccountParams) -> account::CancelLoginAccountResponse, "always returns `notFound`: every login ends at once";
    Write "account/logout" AccountLogout(account::LogoutAccountParams) -> account::LogoutAccountResponse, "removes the stored key and the tokens";
    Read "account/rateLimits/read" AccountRateLimitsRead(rate_limits::GetAccountRateLimitsParams) -> rate_limits::GetAccountRateLimitsResponse, "the usage limits that the backend last reported";
    Read "account/usage/read" AccountUsageRead(account::GetAccountTokenUsageParams) -> account::GetAccountTokenUsageResponse, "tokens by day and of one thread";
    Read "account/workspaceMessages/read" AccountWorkspaceMessagesRead(absent::GetWorkspaceMessagesParams) -> absent::GetWorkspaceMessagesResponse, "messages of the workspace: none";
    Read "account/securitySetup/read" AccountSecuritySetupRead(absent::GetAccountSecuritySetupParams) -> absent::GetAccountSecuritySetupResponse, "advice on the account's security: none";
    Read "config/read" ConfigRead(configuration::ConfigReadParams) -> configuration::ConfigReadResponse, "the effective configuration and its layers";
    Write "config/value/write" ConfigValueWrite(configuration::ConfigValueWriteParams) -> configuration::ConfigWriteResponse, "writes one key of the home's configuration";
    Write "config/batchWrite" ConfigBatchWrite(configuration::ConfigBatchWriteParams) -> configuration::ConfigWriteResponse, "writes several keys, all or none";
    Read "configRequirements/read" ConfigRequirementsRead(configuration::ConfigRequirementsReadParams) -> configuration::ConfigRequirementsReadResponse, "the requirements of an administrator: none";
    Read "experimentalFeature/list" ExperimentalFeatureList(configuration::ExperimentalFeatureListParams) -> configuration::ExperimentalFeatureListResponse, "the features and whether they are on";
    Write "experimentalFeature/enablement/set" ExperimentalFeatureEnablementSet(configuration::ExperimentalFeatureEnablementSetParams) -> configuration::ExperimentalFeatureEnablementSetResponse, "switches features until the server stops";
    Read "model/list" ModelList(model::ModelListParams) -> model::ModelListResponse, "the models of the provider in use";
    Read "modelProvider/list" ModelProviderList(model::ModelProviderListParams) -> model::ModelProviderListResponse, "the configured providers";
    Read "modelProvider/capabilities/read" ModelProviderCapabilitiesRead(model::ModelProviderCapabilitiesReadParams) -> model::ModelProviderCapabilitiesReadResponse, "what the provider in use can do";
    Read "tool/list" ToolList(tool::ToolListParams) -> tool::ToolListResponse, "the image tools, which one is offered, and why the other is not";
    Write "tool/call" ToolCall(tool::ToolCallParams) -> tool::ToolCallResponse [thread_id], "calls the image tool for a model that the client runs";
    Read "permissionProfile/list" PermissionProfileList(absent::PermissionProfileListParams) -> absent::EmptyPageResponse, "permission profiles: none";
    Read "skills/list" SkillsList(absent::SkillsListParams) -> absent::SkillsListResponse, "skills of the agent in each folder: none";
    Read "hooks/list" HooksList(absent::HooksListParams) -> absent::HooksListResponse, "hooks of the agent in each folder: none";
    Read "mcpServerStatus/list" McpServerStatusList(absent::ListMcpServerStatusParams) -> absent::EmptyPageResponse, "MCP servers: none";
    Read "plugin/list" PluginList(absent::PluginListParams) -> absent::PluginListResponse, "plugins on offer: none";
    Read "plugin/installed" PluginInstalled(absent::PluginInstalledParams) -> absent::PluginInstalledResponse, "installed plugins: none";
    Read "app/list" AppList(absent::AppsListParams) -> absent::EmptyPageResponse, "apps on offer: none";
    Read "app/installed" AppInstalled(absent::AppsInstalledParams) -> absent::AppsInstalledResponse, "installed apps: none";
    Write "thread/start" ThreadStart(thread::ThreadStartParams) -> thread::ThreadStartResponse, "starts a thread and subscribes to it";
    Write "thread/resume" ThreadResume(thread::ThreadResumeParams) -> thread::ThreadResumeResponse [thread_id], "loads a stored thread and subscribes to it";
    Write "thread/fork" ThreadFork(thread::ThreadForkParams) -> thread::ThreadForkResponse [thread_id], "starts a thread as a copy of another, whole or up to a turn";
    Read "thread/read" ThreadRead(thread::ThreadReadParams) -> thread::ThreadReadResponse [thread_id], "reads a thread without loading it";
    Read "thread/list" ThreadList(thread::ThreadListParams) -> thread::ThreadListResponse, "lists stored threads in pages";
    Read "thread/search" ThreadSearch(thread::ThreadSearchParams) -> thread::ThreadSearchResponse, "finds stored threads by their content";
    Read "thread/loaded/list" ThreadLoadedList(thread::ThreadLoadedListParams) -> thread::ThreadLoadedListResponse, "ids of the threads in memory";
    Read "threadSection/list" ThreadSectionList(absent::ThreadSectionListParams) -> absent::EmptyPageResponse, "groups of threads: none";
    Read "thread/turns/list" ThreadTurnsList(thread::ThreadTurnsListParams) -> thread::ThreadTurnsListResponse [thread_id], "turns in pages";
    Read "thread/items/list" ThreadItemsList(thread::ThreadItemsListParams) -> thread::ThreadItemsListResponse [thread_id], "items in pages";
    Read "thread/goal/get" ThreadGoalGet(absent::ThreadGoalGetParams) -> absent::ThreadGoalGetResponse [thread_id], "the goal of a thread: none";
    Write "thread/name/set" ThreadNameSet(thread::ThreadSetNameParams) -> thread::ThreadSetNameResponse [thread_id], "names a thread";
    Write "thread/metadata/update" ThreadMetadataUpdate(thread::ThreadMetadataUpdateParams) -> thread::ThreadMetadataUpdateResponse [thread_id], "stores the Git state of a thread's working folder";
    Write "thread/settings/update" ThreadSettingsUpdate(thread::ThreadSettingsUpdateParams) -> thread::ThreadSettingsUpdateResponse [thread_id], "changes model and working folder for the next turns";
    Write "thread/inject_items" ThreadInjectItems(thread::ThreadInjectItemsParams) -> thread::ThreadInjectItemsResponse [thread_id], "adds items to the history that the model reads";
    Write "thread/compact/start" ThreadCompactStart(thread::ThreadCompactStartParams) -> thread::ThreadCompactStartResponse [thread_id], "reduces the older turns of a thread to a catalogue for the model";
    Write "thread/archive" ThreadArchive(thread::ThreadArchiveParams) -> thread::ThreadArchiveResponse [thread_id], "hides a thread from lists";
    Write "thread/unarchive" ThreadUnarchive(thread::ThreadUnarchiveParams) -> thread::ThreadUnarchiveResponse [thread_id], "shows an archived thread in lists again";
    Write "thread/revert" ThreadRevert(thread::ThreadRevertParams) -> thread::ThreadRevertResponse [thread_id], "removes a turn and all turns after it";
    Write "thread/rollback" ThreadRollback(thread::ThreadRollbackParams) -> thread::ThreadRollbackResponse [thread_id], "removes the newest turns";
    Write "thread/delete" ThreadDelete(thread::ThreadDeleteParams) -> thread::ThreadDeleteResponse [thread_id], "deletes a thread and the files that no fork uses";
    Write "thread/unsubscribe" ThreadUnsubscribe(thread::ThreadUnsubscribeParams) -> thread::ThreadUnsubscribeResponse [thread_id], "stops the events of a thread for this connection";
    Write "turn/start" TurnStart(turn::TurnStartParams) -> turn::TurnStartResponse [thread_id], "sends a user message to the model";
    Write "turn/steer" TurnSteer(turn::TurnSteerParams) -> turn::TurnSteerResponse [thread_id], "adds a user message to the running turn";
    Write "turn/interrupt" TurnInterrupt(turn::TurnInterruptParams) -> turn::TurnInterruptResponse, "interrupts the running turn";
    Read "image/list" ImageList(image::ImageListParams) -> image::ImageListResponse, "records of generated images, newest first";
    Read "image/read" ImageRead(image::ImageReadParams) -> image::ImageReadResponse, "one record, ranges of its bytes, and a preview";
    Read "image/compare" ImageCompare(image::ImageCompareParams) -> image::ImageCompareResponse, "what differs between two images, with a heat map";
    Write "image/composite" ImageComposite(image::ImageCompositeParams) -> image::ImageCompositeResponse, "puts the pixels outside the mask of an edit back, in a new image";
    Write "image/export" ImageExport(image::ImageExportParams) -> image::ImageExportResponse, "copies an image to a path that the client names, as it is or as another picture";
    Write "image/exportSet" ImageExportSet(image::ImageExportSetParams) -> image::ImageExportSetResponse, "writes a set of files, such as the icons of an app";
    Write "image/delete" ImageDelete(image::ImageDeleteParams) -> image::ImageDeleteResponse, "deletes an image from a thread";
    Read "usage/read" UsageRead(usage::UsageReadParams) -> usage::UsageReadResponse, "images, tokens and estimated cost by day, thread and model, and what is left of the limits";
}
