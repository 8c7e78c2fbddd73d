//! The account whose credential requests use. Its limits are in [`rate_limits`](crate::rate_limits).

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::ThreadId;

/// Reads the account in use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct GetAccountParams {
    /// Without effect: the client that owns the tokens refreshes them.
    #[serde(default)]
    pub refresh_token: Option<bool>,
}

/// The account in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct GetAccountResponse {
    /// The account. `null` without a credential.
    pub account: Option<Account>,
    /// Whether the provider in use needs a credential of OpenAI.
    pub requires_openai_auth: bool,
    /// The ChatGPT user, read from the token. `null` for an API key.
    pub user_id: Option<String>,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum Account {
    /// A key of the public API.
    ApiKey {},
    /// A ChatGPT account. The details are read from the access token and not verified.
    #[serde(rename_all = "camelCase")]
    Chatgpt {
        /// The address of the account. `null` when the token has none.
        email: Option<String>,
        /// The plan of the account.
        plan_type: PlanType,
    },
}

/// The plan of a ChatGPT account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum PlanType {
    Free,
    Go,
    Plus,
    Pro,
    Prolite,
    Promax,
    Team,
    SelfServeBusinessProlite,
    SelfServeBusinessUsageBased,
    Business,
    Ent26,
    EnterpriseCbpAutomation,
    EnterpriseCbpUsageBased,
    Enterprise,
    Edu,
    EduPlus,
    EduPro,
    Sci,
    SciPlus,
    /// Another plan, or no plan given.
    #[default]
    Unknown,
}

impl PlanType {
    /// Returns the plan with this name on the wire, in any case; [`PlanType::Unknown`] for other names.
    pub fn from_name(name: &str) -> Self {
        serde_json::from_value(name.trim().to_ascii_lowercase().into()).unwrap_or_default()
    }
}

/// Logs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum LoginAccountParams {
    /// Stores a key of the public API in the home, readable only by its owner.
    #[serde(rename_all = "camelCase")]
    ApiKey {
        /// The key.
        api_key: SecretText,
    },
    /// Uses tokens that the client owns, and refreshes when the server requests it. They are kept only in memory.
    #[serde(rename_all = "camelCase")]
    ChatgptAuthTokens {
        /// The access token, a JWT.
        access_token: SecretText,
        /// The id of the account.
        chatgpt_account_id: String,
        /// The plan of the account. Absent: read from the token.
        #[serde(default)]
        #[ts(optional = nullable)]
        chatgpt_plan_type: Option<String>,
    },
    /// Login in a browser. Rejected: Easel does not support it.
    Chatgpt {},
    /// Login with a device code. Rejected: Easel does not support it.
    ChatgptDeviceCode {},
}

/// A key or token. Its debug form is `***`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(transparent)]
pub struct SecretText(pub String);

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The login succeeded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum LoginAccountResponse {
    /// The key is stored.
    ApiKey {},
    /// The tokens are in use.
    ChatgptAuthTokens {},
}

/// Cancels a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct CancelLoginAccountParams {
    /// The id of the login.
    pub login_id: String,
}

/// Whether a login was cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct CancelLoginAccountResponse {
    /// Always `notFound`.
    pub status: CancelLoginAccountStatus,
}

/// Whether a login was cancelled. Every login of Easel ends at once, so there is never one to cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum CancelLoginAccountStatus {
    /// Never sent.
    Canceled,
    /// No login has this id.
    NotFound,
}

/// Asks the client for a new token, after a provider rejected the old one. Sent by the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ChatgptAuthTokensRefreshParams {
    /// Why the server needs a new token.
    pub reason: ChatgptAuthTokensRefreshReason,
    /// The account of the rejected token.
    pub previous_account_id: Option<String>,
}

/// Why the server needs a new token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum ChatgptAuthTokensRefreshReason {
    /// A provider responded with HTTP status 401.
    Unauthorized,
}

/// A new token of the same account. Sent by the client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ChatgptAuthTokensRefreshResponse {
    /// The access token, a JWT.
    pub access_token: SecretText,
    /// The id of the account.
    pub chatgpt_account_id: String,
    /// The plan of the account. Absent: read from the token.
    #[serde(default)]
    pub chatgpt_plan_type: Option<String>,
}

/// Removes the stored key and the tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct LogoutAccountParams {}

/// The key and the tokens were removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct LogoutAccountResponse {}

/// A login ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct AccountLoginCompletedNotification {
    /// Always `null`: logins of Easel end at once and have no id.
    pub login_id: Option<String>,
    /// Whether the login succeeded.
    pub success: bool,
    /// Why the login failed. `null` on success.
    pub error: Option<String>,
}

/// The credential in use changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct AccountUpdatedNotification {
    /// The kind of the new credential. `null` after a logout.
    pub auth_mode: Option<AuthMode>,
    /// The plan of the account. `null` for an API key.
    pub plan_type: Option<PlanType>,
}

/// Kinds of credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub enum AuthMode {
    /// A key of the public API.
    #[serde(rename = "apikey")]
    ApiKey,
    /// ChatGPT tokens that a client owns.
    #[serde(rename = "chatgptAuthTokens")]
    ChatgptAuthTokens,
}

/// Reads how many tokens this home has used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct GetAccountTokenUsageParams {
    /// A thread whose usage the response includes.
    #[serde(default)]
    pub thread_id: Option<ThreadId>,
}

/// The tokens that this home has used. Easel counts them itself and does not ask the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct GetAccountTokenUsageResponse {
    /// Sums over all threads.
    pub summary: AccountTokenUsageSummary,
    /// The newest 366 days on which tokens were used, oldest first.
    pub daily_usage_buckets: Option<Vec<AccountTokenUsageDailyBucket>>,
    /// The usage of the thread that the request names. `null` when it names none.
    pub thread_usage: Option<ThreadUsage>,
}

/// Sums of used tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct AccountTokenUsageSummary {
    /// All tokens since the home was created.
    pub lifetime_tokens: Option<i64>,
    /// The tokens of the busiest day.
    pub peak_daily_tokens: Option<i64>,
    /// Always `null`.
    pub longest_running_turn_sec: Option<i64>,
    /// Consecutive days with usage, up to today.
    pub current_streak_days: Option<i64>,
    /// The largest number of consecutive days with usage.
    pub longest_streak_days: Option<i64>,
}

/// The tokens of one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct AccountTokenUsageDailyBucket {
    /// The day, `YYYY-MM-DD` in UTC.
    pub start_date: String,
    /// Input and output tokens together.
    pub tokens: i64,
}

/// The usage of a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadUsage {
    /// The thread that used the tokens.
    pub thread_id: ThreadId,
    /// Always 0: Easel has no credits.
    pub estimated_usage_credits_micros: i64,
    /// Estimated cost in millionths of a US dollar, by the prices of the configuration. `null` when a price is missing.
    pub estimated_usage_usd_micros: Option<i64>,
    /// The usage by model.
    pub groups: Vec<ThreadUsageBreakdownGroup>,
}

/// The usage of one model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadUsageBreakdownGroup {
    /// The name of the model.
    pub model: Option<String>,
    /// Tokens that the model read.
    pub input_tokens: Option<i64>,
    /// Tokens that the model wrote.
    pub output_tokens: Option<i64>,
    /// Both together.
    pub total_tokens: Option<i64>,
    /// Always 0: Easel has no credits.
    pub estimated_usage_credits_micros: i64,
}
