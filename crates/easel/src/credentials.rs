//! The credentials of requests to providers: the account's key or tokens, or those that a configured provider names.
//!
//! The account's API key belongs to one origin, and its ChatGPT tokens to another: the origins that the configuration
//! named when the user or a client provided them. No later configuration sends either to another origin. The key comes
//! from `OPENAI_API_KEY`, or else from the [`LoginStore`]; a client sends the tokens, which are never stored
//! ([`ChatgptLogin`]). No credential ever comes from the command line's arguments.
//!
//! Start at [`AnyCredentials`] for the credentials of a provider, and at [`Account`] for those of the user.

mod account;
mod chatgpt;
mod command;
mod login_state;
mod login_store;
mod origin;
mod single_flight;

use std::sync::Arc;

use easel_config::Environment;
use easel_imagegen::capability::AuthKind;
use easel_provider::{Credential, CredentialError, Credentials};
use reqwest::header::HeaderMap;
use secrecy::{ExposeSecret, SecretString};

pub(crate) use account::Account;
pub(crate) use chatgpt::{ChatgptLogin, ExternalTokens, account_updated};
pub(crate) use command::CredentialCommand;
pub(crate) use login_state::KeySource;
pub(crate) use login_store::{LoginStore, SavedKey};
pub(crate) use origin::Origin;

/// Maximum length of an access token and of a credential that a program prints, in bytes.
const MAX_TOKEN_LEN: usize = 32 * 1024;

/// The source of one provider's credentials.
#[derive(Debug)]
pub(crate) enum AnyCredentials {
    /// The provider needs none.
    None,
    /// A key in an environment variable.
    EnvKey(EnvKey),
    /// A program that prints a credential.
    Command(Arc<CredentialCommand>),
    /// The account's API key, for requests to this origin.
    AccountKey(Arc<Account>, Origin),
    /// The account's ChatGPT tokens, for requests to this origin.
    AccountTokens(Arc<ChatgptLogin>, Origin),
}

/// A key in an environment variable, which is read when the process starts.
#[derive(Debug)]
pub(crate) struct EnvKey {
    /// The id of the provider, for errors.
    provider: String,
    variable: String,
    key: Result<SecretString, MissingKey>,
}

/// Why there is no key in a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MissingKey {
    Unset,
    Empty,
}

impl EnvKey {
    /// Reads the key of `provider` from `variable`.
    pub(crate) fn new(environment: &Environment, provider: &str, variable: &str) -> Self {
        let missing = if environment.text(variable).is_some() { MissingKey::Empty } else { MissingKey::Unset };
        let key = key_from_env(environment, variable).ok_or(missing);
        Self { provider: provider.to_owned(), variable: variable.to_owned(), key }
    }

    /// Returns the key.
    ///
    /// # Errors
    /// If the variable has no key; the message says where the provider looks for it.
    fn get(&self) -> Result<SecretString, CredentialError> {
        let Self { provider, variable, key } = self;
        key.clone().map_err(|missing| {
            let problem = match missing {
                MissingKey::Unset => "not set",
                MissingKey::Empty => "empty",
            };
            credential_error(format!(
                "the environment variable {variable}, from which provider `{provider}` takes its key \
                 (model_providers.{provider}.env_key), is {problem}; set it before Easel starts"
            ))
        })
    }
}

impl AnyCredentials {
    /// Returns where the credential comes from, as a completion of "the credential comes from"; `None` if requests have
    /// no credential.
    pub(crate) fn source(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::EnvKey(EnvKey { variable, .. }) => Some(format!("the environment variable {variable} (env_key)")),
            Self::Command(_) => Some("the program in auth.command".to_owned()),
            Self::AccountKey(account, _) => account.key_source().map(KeySource::name),
            Self::AccountTokens(..) => Some("the client that passed ChatGPT tokens".to_owned()),
        }
    }

    /// Returns what to do about a credential that is missing or refused, in one sentence.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Self::None => "Set env_key or auth.command of the provider.",
            Self::EnvKey(_) => "It must contain a key of the provider, and is read when Easel starts.",
            Self::Command(_) => "Correct auth.command of the provider.",
            Self::AccountKey(..) => "Run `easel login --with-api-key`, or set OPENAI_API_KEY.",
            Self::AccountTokens(..) => "Log in again in the client.",
        }
    }
}

/// Returns the key in an environment variable, without the white space that shells and files leave around it; `None` if
/// the variable is not set or empty.
fn key_from_env(environment: &Environment, variable: &str) -> Option<SecretString> {
    let key = environment.text(variable)?.trim();
    (!key.is_empty()).then(|| SecretString::from(key.to_owned()))
}

/// Returns the text without the white space around it, if it has 1 to `max_len` printable ASCII characters and no white
/// space inside. Anything else cannot be sent in a header, so it is not a credential.
fn parse_token(text: &str, max_len: usize) -> Option<&str> {
    let token = text.trim();
    let is_valid = (1..=max_len).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic());
    is_valid.then_some(token)
}

fn is_same_secret(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret() == other.expose_secret()
}

/// Creates an error for the user. `message` is a sentence without capital and full stop, and contains no part of a
/// credential.
fn credential_error(message: impl Into<String>) -> CredentialError {
    CredentialError { message: message.into() }
}

fn api_key_credential(secret: SecretString) -> Credential {
    Credential { kind: AuthKind::ApiKey, secret, account_id: None }
}

impl Credentials for AnyCredentials {
    fn kind(&self) -> AuthKind {
        match self {
            Self::None => AuthKind::None,
            // A missing key still counts as a key: the request then fails and names the variable.
            Self::EnvKey(_) | Self::Command(_) => AuthKind::ApiKey,
            Self::AccountKey(account, _) if account.has_key() => AuthKind::ApiKey,
            Self::AccountKey(..) => AuthKind::None,
            Self::AccountTokens(login, _) if login.is_active() => AuthKind::Chatgpt,
            Self::AccountTokens(..) => AuthKind::None,
        }
    }

    fn source(&self) -> Option<String> {
        Self::source(self)
    }

    async fn current(&self) -> Result<Option<Credential>, CredentialError> {
        match self {
            Self::None => Ok(None),
            Self::EnvKey(key) => Ok(Some(api_key_credential(key.get()?))),
            Self::Command(command) => Ok(Some(api_key_credential(Arc::clone(command).current().await?))),
            Self::AccountKey(account, origin) => {
                account.wait_until_read().await;
                Ok(Some(api_key_credential(account.key_for(origin)?)))
            }
            Self::AccountTokens(login, origin) => Ok(Some(login.credential_for(origin)?)),
        }
    }

    async fn refresh(&self, rejected: &Credential) -> Result<Option<Credential>, CredentialError> {
        match self {
            // The environment of a process does not change.
            Self::None | Self::EnvKey(_) => Ok(None),
            Self::Command(command) => Ok(Arc::clone(command).refresh(&rejected.secret).await?.map(api_key_credential)),
            Self::AccountKey(account, origin) => {
                let key = Arc::clone(account).reload_key(origin).await?;
                Ok((!is_same_secret(&key, &rejected.secret)).then(|| api_key_credential(key)))
            }
            Self::AccountTokens(login, origin) => Arc::clone(login).refresh(&rejected.secret, origin).await,
        }
    }

    fn on_response_headers(&self, credential: &Credential, headers: &HeaderMap) {
        if let (Self::AccountTokens(login, _), Some(account_id)) = (self, &credential.account_id) {
            login.on_response_headers(account_id, headers);
        }
    }
}

#[cfg(test)]
mod tests;
