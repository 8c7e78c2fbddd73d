//! What this process knows about the stored login.

use easel_provider::CredentialError;

use super::login_store::{FoundKey, LoginLocation};
use super::origin::Origin;

/// The environment variable whose key takes precedence over the stored one.
pub(super) const KEY_VARIABLE: &str = "OPENAI_API_KEY";

/// What this process knows about the stored login.
#[derive(Debug)]
pub(super) enum LoginState {
    /// The keychain has not responded yet.
    Reading,
    /// Nobody is logged in.
    LoggedOut,
    /// The stored key.
    Key(FoundKey),
    /// A login may exist but cannot be read. It does not count as logged out: a user who has logged in does not expect
    /// the preview.
    Unreadable(CredentialError),
}

impl From<Result<Option<FoundKey>, CredentialError>> for LoginState {
    fn from(result: Result<Option<FoundKey>, CredentialError>) -> Self {
        match result {
            Ok(Some(found)) => Self::Key(found),
            Ok(None) => Self::LoggedOut,
            Err(error) => Self::Unreadable(error),
        }
    }
}

/// Where the API key in use comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeySource {
    /// `OPENAI_API_KEY`.
    Environment,
    /// The stored login.
    Login(LoginLocation),
}

impl KeySource {
    /// Returns the name of the source for people. It completes "the key comes from".
    pub(crate) fn name(self) -> String {
        match self {
            Self::Environment => format!("the environment variable {KEY_VARIABLE}"),
            Self::Login(location) => location.name(),
        }
    }
}

/// Explains that a stored key for the origin `key_origin` is not sent to `destination`.
pub(super) fn wrong_origin_message(key_origin: &Origin, destination: &Origin) -> String {
    format!(
        "the stored API key is for {key_origin} and is not sent to {destination}; log in again with the configuration \
         that uses {destination} (`easel login --with-api-key`), or set env_key for a provider of your own"
    )
}
