//! The account whose credential requests use. Its limits are in [`rate_limits`](crate::rate_limits).

mod login;
mod usage;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use self::login::{
    AccountLoginCompletedNotification, CancelLoginAccountParams, CancelLoginAccountResponse, CancelLoginAccountStatus,
    ChatgptAuthTokensRefreshParams, ChatgptAuthTokensRefreshReason, ChatgptAuthTokensRefreshResponse,
    LoginAccountParams, LoginAccountResponse, LogoutAccountParams, LogoutAccountResponse, SecretText,
};
pub use self::usage::{
    AccountTokenUsageDailyBucket, AccountTokenUsageSummary, GetAccountTokenUsageParams, GetAccountTokenUsageResponse,
    ThreadUsage, ThreadUsageBreakdownGroup,
};

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
    /// Returns the plan with this name on the wire, in upper or lower case; [`PlanType::Unknown`] for other names.
    pub fn from_name(name: &str) -> Self {
        serde_json::from_value(name.trim().to_ascii_lowercase().into()).unwrap_or_default()
    }
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
