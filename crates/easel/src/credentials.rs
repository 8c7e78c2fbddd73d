//! What requests are authorised with: the account's key or tokens, or what a configured provider names.
//!
//! The account's key belongs to one origin and its ChatGPT tokens to another: those that the configuration named when
//! they were given. No configuration sends either elsewhere later. The key comes from `OPENAI_API_KEY`, else from the login kept in [`store`]; the tokens come
//! from a client and are kept nowhere ([`tokens`]). No credential ever comes from arguments.

pub(crate) mod file;
pub(crate) mod store;

mod account;
mod claims;
mod flight;
mod helper;
mod keychain;
mod login;
mod origin;
mod rate_limits;
mod stored_key;
pub(crate) mod tokens;

use std::sync::Arc;

use easel_config::Environment;
use easel_imagegen::capability::AuthKind;
use easel_provider::{Credential, CredentialError, Credentials};
use reqwest::header::HeaderMap;
use secrecy::{ExposeSecret, SecretString};

pub(crate) use account::Account;
pub(crate) use helper::Helper;
pub(crate) use login::KeySource;
pub(crate) use origin::Origin;
pub(crate) use tokens::{Given, Tokens};

/// Bytes of a token or of a program's credential.
const LONGEST_TOKEN: usize = 32 * 1024;

/// Where the credentials of one provider come from.
#[derive(Debug)]
pub(crate) enum AnyCredentials {
    None,
    Key(EnvKey),
    Helper(Arc<Helper>),
    /// The account's key of the public API, for requests to this origin.
    AccountKey(Arc<Account>, Origin),
    /// The account's ChatGPT tokens, for requests to this origin.
    AccountTokens(Arc<Tokens>, Origin),
}

/// A key in an environment variable, read when the process began.
#[derive(Debug)]
pub(crate) struct EnvKey {
    variable: String,
    key: Option<SecretString>,
}

impl EnvKey {
    pub(crate) fn new(environment: &Environment, variable: &str) -> Self {
        Self { variable: variable.to_owned(), key: key_in(environment, variable) }
    }
}

/// The key in a variable, without the white space that shells and files leave around it.
fn key_in(environment: &Environment, variable: &str) -> Option<SecretString> {
    let key = environment.text(variable)?.trim();
    (!key.is_empty()).then(|| SecretString::from(key.to_owned()))
}

/// The text without white space around it, if it is one word of at most so many visible ASCII characters: anything else
/// cannot stand in a header, and was given by mistake.
fn one_word(text: &str, longest: usize) -> Option<&str> {
    let word = text.trim();
    let is_good = (1..=longest).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_graphic());
    is_good.then_some(word)
}

fn api_key(secret: SecretString) -> Credential {
    Credential { kind: AuthKind::ApiKey, secret, account_id: None }
}

impl Credentials for AnyCredentials {
    fn kind(&self) -> AuthKind {
        match self {
            Self::None => AuthKind::None,
            // A key that is missing is still the kind that is meant: the request then says which variable lacks it.
            Self::Key(_) | Self::Helper(_) => AuthKind::ApiKey,
            Self::AccountKey(account, _) if account.has_key() => AuthKind::ApiKey,
            Self::AccountKey(..) => AuthKind::None,
            Self::AccountTokens(tokens, _) if tokens.are_there() => AuthKind::Chatgpt,
            Self::AccountTokens(..) => AuthKind::None,
        }
    }

    async fn current(&self) -> Result<Option<Credential>, CredentialError> {
        match self {
            Self::None => Ok(None),
            Self::Key(EnvKey { key: Some(key), .. }) => Ok(Some(api_key(key.clone()))),
            Self::Key(EnvKey { variable, key: None }) => {
                Err(CredentialError { message: format!("the environment variable {variable} is not set") })
            }
            Self::Helper(helper) => Ok(Some(api_key(Arc::clone(helper).current().await?))),
            Self::AccountKey(account, origin) => {
                account.settled().await;
                Ok(Some(api_key(account.key_for(origin)?)))
            }
            Self::AccountTokens(tokens, origin) => Ok(Some(tokens.current_for(origin)?)),
        }
    }

    async fn refresh(&self, rejected: &Credential) -> Result<Option<Credential>, CredentialError> {
        match self {
            // The environment of a process does not change.
            Self::None | Self::Key(_) => Ok(None),
            Self::Helper(helper) => Ok(Arc::clone(helper).renewed(&rejected.secret).await?.map(api_key)),
            Self::AccountKey(account, origin) => {
                let key = Arc::clone(account).reload(origin).await?;
                Ok((key.expose_secret() != rejected.secret.expose_secret()).then(|| api_key(key)))
            }
            Self::AccountTokens(tokens, origin) => Arc::clone(tokens).renew(&rejected.secret, origin).await,
        }
    }

    fn on_response_headers(&self, credential: &Credential, headers: &HeaderMap) {
        if let (Self::AccountTokens(tokens, _), Some(account_id)) = (self, &credential.account_id) {
            tokens.on_response_headers(account_id, headers);
        }
    }
}

#[cfg(test)]
mod tests;
