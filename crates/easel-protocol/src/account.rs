//! Who pays. The limits of an account are in [`rate_limits`](crate::rate_limits).

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::ThreadId;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct GetAccountParams {
    #[serde(default)]
    pub refresh_token: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct GetAccountResponse {
    /// `null` when the provider in use needs no credential.
    pub account: Option<Account>,
    pub requires_openai_auth: bool,
    /// The ChatGPT user, as the token says.
    pub user_id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum Account {
    ApiKey {},
    /// What the access token says of itself; nobody has verified it.
    #[serde(rename_all = "camelCase")]
    Chatgpt {
        email: Option<String>,
        plan_type: PlanType,
    },
}

/// What a ChatGPT account has subscribed to.
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
    /// None of these, or not told.
    #[default]
    Unknown,
}

impl PlanType {
    /// By its name on the wire, in any case.
    pub fn from_name(name: &str) -> Self {
        serde_json::from_value(name.trim().to_ascii_lowercase().into()).unwrap_or_default()
    }
}

/// How to log in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum LoginAccountParams {
    /// A key of the public API. It is stored in the home, where its owner alone can read it.
    #[serde(rename_all = "camelCase")]
    ApiKey { api_key: SecretText },
    /// Tokens that the client has and renews when it is asked to. They are kept in memory only.
    #[serde(rename_all = "camelCase")]
    ChatgptAuthTokens {
        /// A JWT.
        access_token: SecretText,
        chatgpt_account_id: String,
        /// Without it, what the token says.
        #[serde(default)]
        #[ts(optional = nullable)]
        chatgpt_plan_type: Option<String>,
    },
    /// A login in a browser, which is refused: Easel has none.
    Chatgpt {},
    /// A login with a code, which is refused: Easel has none.
    ChatgptDeviceCode {},
}

/// A key or token, which prints as `***`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(transparent)]
pub struct SecretText(pub String);

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum LoginAccountResponse {
    ApiKey {},
    ChatgptAuthTokens {},
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct CancelLoginAccountParams {
    pub login_id: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct CancelLoginAccountResponse {
    pub status: CancelLoginAccountStatus,
}

/// Every login of Easel's is over at once, so there is never one to cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum CancelLoginAccountStatus {
    Canceled,
    NotFound,
}

/// The request that the server makes of the client whose token a provider has refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ChatgptAuthTokensRefreshParams {
    pub reason: ChatgptAuthTokensRefreshReason,
    /// The account whose token it was.
    pub previous_account_id: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum ChatgptAuthTokensRefreshReason {
    /// A provider answered with 401.
    Unauthorized,
}

/// A new token of the same account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ChatgptAuthTokensRefreshResponse {
    pub access_token: SecretText,
    pub chatgpt_account_id: String,
    #[serde(default)]
    pub chatgpt_plan_type: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct LogoutAccountParams {}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct LogoutAccountResponse {}

/// A login ended, well or badly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct AccountLoginCompletedNotification {
    /// `null` for a login that was over at once.
    pub login_id: Option<String>,
    pub success: bool,
    pub error: Option<String>,
}

/// There is another credential now, or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct AccountUpdatedNotification {
    pub auth_mode: Option<AuthMode>,
    /// Always `null` for a key.
    pub plan_type: Option<PlanType>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
pub enum AuthMode {
    #[serde(rename = "apikey")]
    ApiKey,
    #[serde(rename = "chatgptAuthTokens")]
    ChatgptAuthTokens,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct GetAccountTokenUsageParams {
    /// The usage of this thread is told too.
    #[serde(default)]
    pub thread_id: Option<ThreadId>,
}

/// What this home has used; Easel does not ask the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct GetAccountTokenUsageResponse {
    pub summary: AccountTokenUsageSummary,
    /// The newest 366 days on which tokens were used, oldest first.
    pub daily_usage_buckets: Option<Vec<AccountTokenUsageDailyBucket>>,
    pub thread_usage: Option<ThreadUsage>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct AccountTokenUsageSummary {
    pub lifetime_tokens: Option<i64>,
    pub peak_daily_tokens: Option<i64>,
    /// Always `null`.
    pub longest_running_turn_sec: Option<i64>,
    pub current_streak_days: Option<i64>,
    pub longest_streak_days: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct AccountTokenUsageDailyBucket {
    /// `YYYY-MM-DD` in UTC.
    pub start_date: String,
    pub tokens: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadUsage {
    pub thread_id: ThreadId,
    /// Always 0: Easel knows no credits.
    pub estimated_usage_credits_micros: i64,
    /// By the prices of the configuration; `null` when one of them is missing.
    pub estimated_usage_usd_micros: Option<i64>,
    pub groups: Vec<ThreadUsageBreakdownGroup>,
}

/// The usage of one model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadUsageBreakdownGroup {
    pub model: Option<String>,
    pub input_tokens: Option<i64>,
    pub output_tokens: Option<i64>,
    pub total_tokens: Option<i64>,
    /// Always 0.
    pub estimated_usage_credits_micros: i64,
}
