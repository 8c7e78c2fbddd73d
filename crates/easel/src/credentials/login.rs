//! The stored login, as one process knows it.

use easel_provider::CredentialError;

use super::origin::Origin;
use super::store::{Found, Place};

/// The variable whose key wins over the stored one.
pub(super) const VARIABLE: &str = "OPENAI_API_KEY";

/// The stored login, as far as this process knows it.
#[derive(Debug)]
pub(super) enum Login {
    /// The keychain is being asked.
    Reading,
    None,
    Key(Found),
    /// There may be one. It is not the same as none: whoever logged in does not mean the preview.
    Unreadable(CredentialError),
}

impl From<Result<Option<Found>, CredentialError>> for Login {
    fn from(read: Result<Option<Found>, CredentialError>) -> Self {
        match read {
            Ok(Some(found)) => Self::Key(found),
            Ok(None) => Self::None,
            Err(error) => Self::Unreadable(error),
        }
    }
}

/// Where the key in use comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeySource {
    Environment,
    Login(Place),
}

impl KeySource {
    /// For people: completes "the key comes from".
    pub(crate) fn place(self) -> String {
        match self {
            Self::Environment => format!("the environment variable {VARIABLE}"),
            Self::Login(place) => place.name(),
        }
    }
}

/// A key is never sent where it was not given for.
pub(super) fn other_origin(given_for: &Origin, destination: &Origin) -> String {
    format!(
        "the stored API key was given for {given_for} and is not sent to {destination}: log in again with the configuration \
         that names {destination} (`easel login --with-api-key`), or give a provider of your own its key with env_key"
    )
}
