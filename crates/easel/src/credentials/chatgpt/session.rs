//! The tokens of one login.

use std::fmt;

use easel_protocol::account::{PlanType, SecretText};
use easel_provider::CredentialError;
use easel_rpc::Outbox;
use secrecy::{ExposeSecret, SecretString};

use super::super::origin::Origin;
use super::super::{MAX_TOKEN_LEN, credential_error, parse_token};
use super::jwt::TokenClaims;

/// Maximum length of an account's id, in bytes.
const MAX_ACCOUNT_ID_LEN: usize = 256;

/// Tokens as a client sends them, at login or to refresh them.
#[derive(Debug)]
pub(crate) struct ExternalTokens {
    pub(crate) access_token: SecretText,
    pub(crate) account_id: String,
    /// The name of the plan. `None`: the plan in the token's claims.
    pub(crate) plan: Option<String>,
}

/// The tokens of one login, validated.
#[derive(Clone)]
pub(super) struct ChatgptSession {
    pub(super) token: SecretString,
    pub(super) account_id: String,
    /// The only origin that the token is sent to.
    pub(super) origin: Origin,
    pub(super) claims: TokenClaims,
    pub(super) plan: PlanType,
    /// The connection that sent the tokens. Only it can refresh them.
    pub(super) client: Outbox,
}

impl fmt::Debug for ChatgptSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatgptSession")
            .field("token", &self.token)
            .field("account_id", &self.account_id)
            .finish_non_exhaustive()
    }
}

impl ChatgptSession {
    /// Validates tokens.
    ///
    /// # Errors
    /// If a token or an id is malformed.
    pub(super) fn new(tokens: ExternalTokens, origin: Origin, client: Outbox) -> Result<Self, CredentialError> {
        let ExternalTokens { access_token: SecretText(token), account_id, plan } = tokens;
        // Wiped when it is dropped.
        let token = SecretString::from(token);
        let Some(token) = parse_token(token.expose_secret(), MAX_TOKEN_LEN) else {
            return Err(credential_error("accessToken must be a single word of printable characters"));
        };
        let Some(account_id) = parse_token(&account_id, MAX_ACCOUNT_ID_LEN) else {
            return Err(credential_error("chatgptAccountId must be a single word of printable characters"));
        };
        let claims = TokenClaims::decode(token);
        let plan = plan.map(|plan| PlanType::from_name(&plan)).or(claims.plan).unwrap_or_default();
        let account_id = account_id.to_owned();
        Ok(Self { token: SecretString::from(token.to_owned()), account_id, origin, claims, plan, client })
    }
}
