//! What requests are authorised with: a key of the account, or one that a configured provider names.
//!
//! The account's key belongs to one origin, that of the public API, and no configuration sends it elsewhere. It comes
//! from `OPENAI_API_KEY`, else from the login kept in [`file`]. Keys never come from arguments.

pub(crate) mod file;

mod account;

use std::sync::Arc;

use easel_config::Environment;
use easel_imagegen::capability::AuthKind;
use easel_provider::{Credential, CredentialError, Credentials, Secret};

pub(crate) use account::Account;

/// The one origin that the account's key goes to.
pub(crate) const ACCOUNT_ORIGIN: &str = "https://api.openai.com";

/// Where the credentials of one provider come from.
#[derive(Debug)]
pub(crate) enum AnyCredentials {
    None,
    Key(EnvKey),
    Account(Arc<Account>),
}

/// A key in an environment variable, read when the process began.
#[derive(Debug)]
pub(crate) struct EnvKey {
    variable: String,
    key: Option<Secret>,
}

impl EnvKey {
    pub(crate) fn new(environment: &Environment, variable: &str) -> Self {
        Self { variable: variable.to_owned(), key: key_in(environment, variable) }
    }
}

/// The key in a variable, without the white space that shells and files leave around it.
fn key_in(environment: &Environment, variable: &str) -> Option<Secret> {
    let key = environment.text(variable)?.trim();
    (!key.is_empty()).then(|| Secret::new(key.to_owned()))
}

fn api_key(secret: Secret) -> Credential {
    Credential { kind: AuthKind::ApiKey, secret, account_id: None }
}

impl Credentials for AnyCredentials {
    fn kind(&self) -> AuthKind {
        match self {
            Self::None => AuthKind::None,
            // A key that is missing is still the kind that is meant: the request then says which variable lacks it.
            Self::Key(_) => AuthKind::ApiKey,
            Self::Account(account) if account.source().is_some() => AuthKind::ApiKey,
            Self::Account(_) => AuthKind::None,
        }
    }

    async fn current(&self) -> Result<Option<Credential>, CredentialError> {
        match self {
            Self::None => Ok(None),
            Self::Key(EnvKey { key: Some(key), .. }) => Ok(Some(api_key(key.clone()))),
            Self::Key(EnvKey { variable, key: None }) => {
                Err(CredentialError { message: format!("the environment variable {variable} is not set") })
            }
            Self::Account(account) => match account.key() {
                Some(key) => Ok(Some(api_key(key))),
                None => Err(CredentialError {
                    message: "there is no API key: `easel login --with-api-key` stores one".to_owned(),
                }),
            },
        }
    }

    async fn refresh(&self, rejected: &Credential) -> Result<Option<Credential>, CredentialError> {
        match self {
            // The environment of a process does not change.
            Self::None | Self::Key(_) => Ok(None),
            Self::Account(account) => {
                let key = Arc::clone(account).reload().await?;
                Ok(key.map(api_key).filter(|credential| credential.secret != rejected.secret))
            }
        }
    }
}

#[cfg(test)]
mod tests;
