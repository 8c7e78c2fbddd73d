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
    /// What becomes of the work when the request is cancelled.
    const EFFECT: Effect;
    type Params: Serialize + DeserializeOwned + JsonSchema + TS + Send + Sync + 'static;
    type Response: Serialize + DeserializeOwned + JsonSchema + TS + Send + Sync + Clone + 'static;

    /// The field of the params that names the thread whose requests keep their order with this one.
    const THREAD_FIELD: Option<&'static str> = None;

    /// That thread.
    fn thread(_params: &Self::Params) -> Option<&str> {
        None
    }
}

/// Whether a method changes anything, which decides what a cancellation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Changes nothing. A cancelled request stops where it is.
    Read,
    /// Changes something. Once begun, the work runs to its end, and a cancelled request only stops waiting for it.
    Write,
}

/// Does the same for every method without naming them.
pub trait MethodVisitor {
    fn visit<M: Method>(&mut self);
}

macro_rules! types {
    ($($effect:ident $name:literal $method:ident($params:path) -> $response:path $([$thread:ident])?, $summary:literal;)+) => {
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
            }
        )+
    };
}

macro_rules! methods {
    ($($effect:ident $name:literal $method:ident($params:path) -> $response:path $([$thread:ident])?, $summary:literal;)+) => {
        types! { $($effect $name $method($params) -> $response $([$thread])?, $summary;)+ }

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
    ($($effect:ident $name:literal $method:ident($params:path) -> $response:path, $summary:literal;)+) => {
        types! { $($effect $name $method($params) -> $response, $summary;)+ }

        /// Visits every request that the server makes of a client.
        pub fn visit_server_requests(visitor: &mut impl MethodVisitor) {
            $(visitor.visit::<$method>();)+
        }
    };
}

server_requests! {
    Write "account/chatgptAuthTokens/refresh" ChatgptAuthTokensRefresh(account::ChatgptAuthTokensRefreshParams) -> account::ChatgptAuthTokensRefreshResponse, "asks the client that gave a token for a new one";
}

methods! {
    Read "initialize" Initialize(handshake::InitializeParams) -> handshake::InitializeResponse, "opens the connection";
    Read "account/read" AccountRead(account::GetAccountParams) -> account::GetAccountResponse, "who pays";
    Write "account/login/start" AccountLoginStart(account::LoginAccountParams) -> account::LoginAccountResponse, "stores a key of the public API, or takes ChatGPT tokens";
    Read "account/login/cancel" AccountLoginCancel(account::CancelLoginAccountParams) -> account::CancelLoginAccountResponse, "finds no login to cancel: each is over at once";
    Write "account/logout" AccountLogout(account::LogoutAccountParams) -> account::LogoutAccountResponse, "forgets the stored key and the tokens";
    Read "account/rateLimits/read" AccountRateLimitsRead(rate_limits::GetAccountRateLimitsParams) -> rate_limits::GetAccountRateLimitsResponse, "what the backend last said of the account's limits";
    Read "account/usage/read" AccountUsageRead(account::GetAccountTokenUsageParams) -> account::GetAccountTokenUsageResponse, "tokens by day and of one thread";
    Read "config/read" ConfigRead(configuration::ConfigReadParams) -> configuration::ConfigReadResponse, "the effective configuration and its layers";
    Write "config/value/write" ConfigValueWrite(configuration::ConfigValueWriteParams) -> configuration::ConfigWriteResponse, "writes a key of the home's configuration";
    Write "config/batchWrite" ConfigBatchWrite(configuration::ConfigBatchWriteParams) -> configuration::ConfigWriteResponse, "writes several, all or none";
    Read "configRequirements/read" ConfigRequirementsRead(configuration::ConfigRequirementsReadParams) -> configuration::ConfigRequirementsReadResponse, "what others require: nothing";
    Read "experimentalFeature/list" ExperimentalFeatureList(configuration::ExperimentalFeatureListParams) -> configuration::ExperimentalFeatureListResponse, "the features and whether they are on";
    Write "experimentalFeature/enablement/set" ExperimentalFeatureEnablementSet(configuration::ExperimentalFeatureEnablementSetParams) -> configuration::ExperimentalFeatureEnablementSetResponse, "switches features until the process ends";
    Read "model/list" ModelList(model::ModelListParams) -> model::ModelListResponse, "the models of the provider in use";
    Read "modelProvider/list" ModelProviderList(model::ModelProviderListParams) -> model::ModelProviderListResponse, "the configured providers";
    Read "modelProvider/capabilities/read" ModelProviderCapabilitiesRead(model::ModelProviderCapabilitiesReadParams) -> model::ModelProviderCapabilitiesReadResponse, "what the provider in use can do";
    Read "tool/list" ToolList(tool::ToolListParams) -> tool::ToolListResponse, "the image tools, what is offered, and why not the other";
    Write "thread/start" ThreadStart(thread::ThreadStartParams) -> thread::ThreadStartResponse, "starts a thread and subscribes to it";
    Write "thread/resume" ThreadResume(thread::ThreadResumeParams) -> thread::ThreadResumeResponse [thread_id], "loads a stored thread and subscribes to it";
    Write "thread/fork" ThreadFork(thread::ThreadForkParams) -> thread::ThreadForkResponse [thread_id], "starts a thread as a copy of another, whole or up to a turn";
    Read "thread/read" ThreadRead(thread::ThreadReadParams) -> thread::ThreadReadResponse [thread_id], "a thread without loading it";
    Read "thread/list" ThreadList(thread::ThreadListParams) -> thread::ThreadListResponse, "stored threads in pages";
    Read "thread/search" ThreadSearch(thread_search::ThreadSearchParams) -> thread_search::ThreadSearchResponse, "stored threads by what was said in them";
    Read "thread/loaded/list" ThreadLoadedList(thread::ThreadLoadedListParams) -> thread::ThreadLoadedListResponse, "ids of the threads in memory";
    Read "thread/turns/list" ThreadTurnsList(thread::ThreadTurnsListParams) -> thread::ThreadTurnsListResponse [thread_id], "turns in pages";
    Read "thread/items/list" ThreadItemsList(thread::ThreadItemsListParams) -> thread::ThreadItemsListResponse [thread_id], "items in pages";
    Write "thread/name/set" ThreadNameSet(thread::ThreadSetNameParams) -> thread::ThreadSetNameResponse [thread_id], "names a thread";
    Write "thread/metadata/update" ThreadMetadataUpdate(thread::ThreadMetadataUpdateParams) -> thread::ThreadMetadataUpdateResponse [thread_id], "notes a thread's Git state";
    Write "thread/settings/update" ThreadSettingsUpdate(thread::ThreadSettingsUpdateParams) -> thread::ThreadSettingsUpdateResponse [thread_id], "changes model and folder for the next turns";
    Write "thread/inject_items" ThreadInjectItems(thread::ThreadInjectItemsParams) -> thread::ThreadInjectItemsResponse [thread_id], "adds to what the model reads";
    Write "thread/archive" ThreadArchive(thread::ThreadArchiveParams) -> thread::ThreadArchiveResponse [thread_id], "hides a thread from the list";
    Write "thread/unarchive" ThreadUnarchive(thread::ThreadUnarchiveParams) -> thread::ThreadUnarchiveResponse [thread_id], "shows it again";
    Write "thread/revert" ThreadRevert(thread::ThreadRevertParams) -> thread::ThreadRevertResponse [thread_id], "takes back a turn and those after it";
    Write "thread/rollback" ThreadRollback(thread::ThreadRollbackParams) -> thread::ThreadRollbackResponse [thread_id], "takes back the newest turns";
    Write "thread/delete" ThreadDelete(thread::ThreadDeleteParams) -> thread::ThreadDeleteResponse [thread_id], "removes a thread and the files that no fork shows";
    Write "thread/unsubscribe" ThreadUnsubscribe(thread::ThreadUnsubscribeParams) -> thread::ThreadUnsubscribeResponse [thread_id], "ends this connection's events of a thread";
    Write "turn/start" TurnStart(turn::TurnStartParams) -> turn::TurnStartResponse [thread_id], "gives the model a user message";
    Write "turn/steer" TurnSteer(turn::TurnSteerParams) -> turn::TurnSteerResponse [thread_id], "adds a user message to the running turn";
    Write "turn/interrupt" TurnInterrupt(turn::TurnInterruptParams) -> turn::TurnInterruptResponse, "ends the running turn";
    Read "image/list" ImageList(image::ImageListParams) -> image::ImageListResponse, "records of the images made, newest first";
    Read "image/read" ImageRead(image::ImageReadParams) -> image::ImageReadResponse, "one record, and bytes by range";
    Write "image/export" ImageExport(image::ImageExportParams) -> image::ImageExportResponse, "copies an image to a path that the client names";
    Write "image/delete" ImageDelete(image::ImageDeleteParams) -> image::ImageDeleteResponse, "deletes an image of a thread";
    Read "usage/read" UsageRead(usage::UsageReadParams) -> usage::UsageReadResponse, "images, tokens and estimated cost by day, thread and model";
}
