//! The tokens of one login.

use std::fmt;

use easel_protocol::account::{PlanType, SecretText};
use easel_provider::CredentialError;
use easel_rpc::Outbox;
use secrecy::SecretString;

use super::super::claims::Claims;
use super::super::origin::Origin;
use super::super::{LONGEST_TOKEN, one_word};

/// Characters of an account's id.
const LONGEST_ID: usize = 256;

/// What a client gives, at login or when it renews.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) access_token: SecretText,
    pub(crate) account_id: String,
    pub(crate) plan: Option<String>,
}

#[derive(Clone)]
pub(super) struct Session {
    pub(super) token: SecretString,
    pub(super) account_id: String,
    /// Where requests may take the token.
    pub(super) origin: Origin,
    pub(super) claims: Claims,
    pub(super) plan: PlanType,
    /// The connection that logged in: it alone can renew.
    pub(super) host: Outbox,
}

/// Leaves the connection out, which has nothing to say.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("token", &self.token)
            .field("account_id", &self.account_id)
            .finish_non_exhaustive()
    }
}

impl Session {
    pub(super) fn new(given: Given, origin: Origin, host: Outbox) -> Result<Self, CredentialError> {
        let Given { access_token: SecretText(token), account_id, plan } = given;
        let Some(token) = one_word(&token, LONGEST_TOKEN) else {
            return Err(unusable("accessToken is not an access token: one word of visible characters"));
        };
        let Some(_) = one_word(&account_id, LONGEST_ID) else {
            return Err(unusable("chatgptAccountId is not an id: one word of visible characters"));
        };
        let claims = Claims::of(token);
        let plan = plan.map(|plan| PlanType::from_name(&plan)).or(claims.plan).unwrap_or_default();
        let account_id = account_id.trim().to_owned();
        Ok(Self { token: SecretString::from(token.to_owned()), account_id, origin, claims, plan, host })
    }
}

pub(super) fn unusable(message: &str) -> CredentialError {
    CredentialError { message: message.to_owned() }
}
