//! Login and logout, and the refresh of tokens that a client owns.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

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
