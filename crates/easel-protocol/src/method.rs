//! Methods are data: one type a method, one list in reading order. The dispatch table, the schema, the typed client of
//! the tests and the method table of ARCHITECTURE.md all come from [`for_each_method!`](crate::for_each_method).

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use ts_rs::TS;

use crate::{account, configuration, handshake, image, model, rate_limits, thread, thread_search, tool, turn, usage};

/// One request that a client can make, or that the server can make of a client.
pub trait Method: 'static {
    /// `resource/verb`, as on the wire.
    const NAME: &'static str;
    /// One line for the method table.
    const SUMMARY: &'static str;
    type Params: Serialize + DeserializeOwned + JsonSchema + TS + Send + Sync + 'static;
    type Response: Serialize + DeserializeOwned + JsonSchema + TS + Send + Sync + Clone + 'static;

    /// The thread whose requests keep their order with this one.
    fn thread(_params: &Self::Params) -> Option<&str> {
        None
    }
}

/// Does the same for every method without naming them.
pub trait MethodVisitor {
    fn visit<M: Method>(&mut self);
}

macro_rules! types {
    ($($name:literal $method:ident($params:path) -> $response:path $([$thread:ident])?, $summary:literal;)+) => {
        $(
            #[doc = concat!("`", $name, "`: ", $summary)]
            #[derive(Debug, Clone, Copy)]
            pub struct $method;

            impl Method for $method {
                const NAME: &'static str = $name;
                const SUMMARY: &'static str = $summary;
                type Params = $params;
                type Response = $response;
                $(fn thread(params: &Self::Params) -> Option<&str> {
                    Some(&params.$thread)
                })?
            }
        )+
    };
}

macro_rules! methods {
    ($($name:literal $method:ident($params:path) -> $response:path $([$thread:ident])?, $summary:literal;)+) => {
        types! { $($name $method($params) -> $response $([$thread])?, $summary;)+ }

        /// Visits every method in reading order.
        pub fn visit_methods(visitor: &mut impl MethodVisitor) {
            $(visitor.visit::<$method>();)+
        }

        /// Calls a macro with the types of all methods, for code that must have one thing for each of them.
        #[macro_export]
        macro_rules! for_each_method {
            ($callback:ident) => { $callback!($($method)+); };
        }
    };
}

macro_rules! server_requests {
    ($($name:literal $method:ident($params:path) -> $response:path, $summary:literal;)+) => {
        types! { $($name $method($params) -> $response, $summary;)+ }

        /// Visits every request that the server makes of a client.
        pub fn visit_server_requests(visitor: &mut impl MethodVisitor) {
            $(visitor.visit::<$method>();)+
        }
    };
}

server_requests! {
    "account/chatgptAuthTokens/refresh" ChatgptAuthTokensRefresh(account::ChatgptAuthTokensRefreshParams) -> account::ChatgptAuthTokensRefreshResponse, "asks the client that gave a token for a new one";
}

methods! {
    "initialize" Initialize(handshake::InitializeParams) -> handshake::InitializeResponse, "opens the connection";
    "account/read" AccountRead(account::GetAccountParams) -> account::GetAccountResponse, "who pays";
    "account/login/start" AccountLoginStart(account::LoginAccountParams) -> account::LoginAccountResponse, "stores a key of the public API, or takes ChatGPT tokens";
    "account/login/cancel" AccountLoginCancel(account::CancelLoginAccountParams) -> account::CancelLoginAccountResponse, "finds no login to cancel: each is over at once";
    "account/logout" AccountLogout(account::LogoutAccountParams) -> account::LogoutAccountResponse, "forgets the stored key and the tokens";
    "account/rateLimits/read" AccountRateLimitsRead(rate_limits::GetAccountRateLimitsParams) -> rate_limits::GetAccountRateLimitsResponse, "what the backend last said of the account's limits";
    "account/usage/read" AccountUsageRead(account::GetAccountTokenUsageParams) -> account::GetAccountTokenUsageResponse, "tokens by day and of one thread";
    "config/read" ConfigRead(configuration::ConfigReadParams) -> configuration::ConfigReadResponse, "the effective configuration and its layers";
    "config/value/write" ConfigValueWrite(configuration::ConfigValueWriteParams) -> configuration::ConfigWriteResponse, "writes a key of the home's configuration";
    "config/batchWrite" ConfigBatchWrite(configuration::ConfigBatchWriteParams) -> configuration::ConfigWriteResponse, "writes several, all or none";
    "configRequirements/read" ConfigRequirementsRead(configuration::ConfigRequirementsReadParams) -> configuration::ConfigRequirementsReadResponse, "what others require: nothing";
    "experimentalFeature/list" ExperimentalFeatureList(configuration::ExperimentalFeatureListParams) -> configuration::ExperimentalFeatureListResponse, "the features and whether they are on";
    "experimentalFeature/enablement/set" ExperimentalFeatureEnablementSet(configuration::ExperimentalFeatureEnablementSetParams) -> configuration::ExperimentalFeatureEnablementSetResponse, "switches features until the process ends";
    "model/list" ModelList(model::ModelListParams) -> model::ModelListResponse, "the models of the provider in use";
    "modelProvider/list" ModelProviderList(model::ModelProviderListParams) -> model::ModelProviderListResponse, "the configured providers";
    "modelProvider/capabilities/read" ModelProviderCapabilitiesRead(model::ModelProviderCapabilitiesReadParams) -> model::ModelProviderCapabilitiesReadResponse, "what the provider in use can do";
    "tool/list" ToolList(tool::ToolListParams) -> tool::ToolListResponse, "the image tools, what is offered, and why not the other";
    "thread/start" ThreadStart(thread::ThreadStartParams) -> thread::ThreadStartResponse, "starts a thread and subscribes to it";
    "thread/resume" ThreadResume(thread::ThreadResumeParams) -> thread::ThreadResumeResponse [thread_id], "loads a stored thread and subscribes to it";
    "thread/fork" ThreadFork(thread::ThreadForkParams) -> thread::ThreadForkResponse [thread_id], "starts a thread as a copy of another, whole or up to a turn";
    "thread/read" ThreadRead(thread::ThreadReadParams) -> thread::ThreadReadResponse [thread_id], "a thread without loading it";
    "thread/list" ThreadList(thread::ThreadListParams) -> thread::ThreadListResponse, "stored threads in pages";
    "thread/search" ThreadSearch(thread_search::ThreadSearchParams) -> thread_search::ThreadSearchResponse, "stored threads by what was said in them";
    "thread/loaded/list" ThreadLoadedList(thread::ThreadLoadedListParams) -> thread::ThreadLoadedListResponse, "ids of the threads in memory";
    "thread/turns/list" ThreadTurnsList(thread::ThreadTurnsListParams) -> thread::ThreadTurnsListResponse [thread_id], "turns in pages";
    "thread/items/list" ThreadItemsList(thread::ThreadItemsListParams) -> thread::ThreadItemsListResponse [thread_id], "items in pages";
    "thread/name/set" ThreadNameSet(thread::ThreadSetNameParams) -> thread::ThreadSetNameResponse [thread_id], "names a thread";
    "thread/metadata/update" ThreadMetadataUpdate(thread::ThreadMetadataUpdateParams) -> thread::ThreadMetadataUpdateResponse [thread_id], "notes a thread's Git state";
    "thread/settings/update" ThreadSettingsUpdate(thread::ThreadSettingsUpdateParams) -> thread::ThreadSettingsUpdateResponse [thread_id], "changes model and folder for the next turns";
    "thread/inject_items" ThreadInjectItems(thread::ThreadInjectItemsParams) -> thread::ThreadInjectItemsResponse [thread_id], "adds to what the model reads";
    "thread/archive" ThreadArchive(thread::ThreadArchiveParams) -> thread::ThreadArchiveResponse [thread_id], "hides a thread from the list";
    "thread/unarchive" ThreadUnarchive(thread::ThreadUnarchiveParams) -> thread::ThreadUnarchiveResponse [thread_id], "shows it again";
    "thread/revert" ThreadRevert(thread::ThreadRevertParams) -> thread::ThreadRevertResponse [thread_id], "takes back a turn and those after it";
    "thread/rollback" ThreadRollback(thread::ThreadRollbackParams) -> thread::ThreadRollbackResponse [thread_id], "takes back the newest turns";
    "thread/delete" ThreadDelete(thread::ThreadDeleteParams) -> thread::ThreadDeleteResponse [thread_id], "removes a thread and the files that no fork shows";
    "thread/unsubscribe" ThreadUnsubscribe(thread::ThreadUnsubscribeParams) -> thread::ThreadUnsubscribeResponse [thread_id], "ends this connection's events of a thread";
    "turn/start" TurnStart(turn::TurnStartParams) -> turn::TurnStartResponse [thread_id], "gives the model a user message";
    "turn/steer" TurnSteer(turn::TurnSteerParams) -> turn::TurnSteerResponse [thread_id], "adds a user message to the running turn";
    "turn/interrupt" TurnInterrupt(turn::TurnInterruptParams) -> turn::TurnInterruptResponse [thread_id], "ends the running turn";
    "image/list" ImageList(image::ImageListParams) -> image::ImageListResponse, "records of the images made, newest first";
    "image/read" ImageRead(image::ImageReadParams) -> image::ImageReadResponse, "one record, and bytes by range";
    "image/export" ImageExport(image::ImageExportParams) -> image::ImageExportResponse, "copies an image to a path that the client names";
    "image/delete" ImageDelete(image::ImageDeleteParams) -> image::ImageDeleteResponse, "deletes an image of a thread";
    "usage/read" UsageRead(usage::UsageReadParams) -> usage::UsageReadResponse, "images, tokens and estimated cost by day, thread and model";
}
