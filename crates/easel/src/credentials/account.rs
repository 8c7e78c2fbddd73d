//! The user's account: an API key, or the ChatGPT tokens of a client.

use std::sync::Arc;

use easel_config::Environment;
use easel_imagegen::capability::AuthKind;
use easel_protocol::rate_limits::GetAccountRateLimitsResponse;
use easel_provider::CredentialError;
use easel_rpc::Outbox;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Mutex, OwnedMutexGuard, watch};

use super::chatgpt::{ChatgptLogin, ChatgptProfile, ExternalTokens};
use super::login_state::{KEY_VARIABLE, KeySource, LoginState, wrong_origin_message};
use super::login_store::{FoundKey, LoginStore, MAX_KEY_LEN, SavedKey, StoredKey};
use super::origin::Origin;
use super::{credential_error, key_from_env, parse_token};
use crate::connections::Connections;

/// What an API key must be.
const KEY_RULE: &str = "an API key is a single word of printable characters";

/// The account of the user, which a login or logout changes.
#[derive(Debug)]
pub(crate) struct Account {
    store: LoginStore,
    /// The key in the environment. It takes precedence over the stored key, and it is sent to any origin, because the
    /// user sets it for this process.
    env_key: Option<SecretString>,
    login: watch::Sender<LoginState>,
    /// ChatGPT tokens take precedence over any key, because a client sends them to this server.
    chatgpt: Arc<ChatgptLogin>,
    /// Held during a change of the login, which is one of the store and of the memory.
    changing: Arc<Mutex<()>>,
}

impl Account {
    /// Creates the account. Reads a login that is stored in a file; one in a keychain must be read with
    /// [`Account::read`]. `connections` receive the account's limits.
    pub(crate) fn new(environment: &Environment, store: LoginStore, connections: Connections) -> Self {
        let login = if store.is_fast() { store.read().into() } else { LoginState::Reading };
        let env_key = key_from_env(environment, KEY_VARIABLE);
        let chatgpt = Arc::new(ChatgptLogin::new(connections));
        Self { store, env_key, login: watch::Sender::new(login), chatgpt, changing: Arc::default() }
    }

    /// Creates the account and reads its stored login. Blocks on the disk or the keychain.
    pub(crate) fn open(environment: &Environment, store: LoginStore) -> Self {
        let account = Self::new(environment, store, Connections::default());
        account.read();
        account
    }

    /// Reads the stored login, unless it has been read. Blocks on the keychain, which may prompt the user.
    pub(crate) fn read(&self) {
        if !self.is_reading() {
            return;
        }
        let read = self.store.read().into();
        self.login.send_if_modified(|login| {
            // A login or logout in between takes precedence.
            let is_unread = matches!(login, LoginState::Reading);
            if is_unread {
                *login = read;
            }
            is_unread
        });
    }

    /// Waits until the stored login has been read. Returns at once if a key in the environment or ChatGPT tokens take
    /// precedence over it.
    pub(crate) async fn wait_until_read(&self) {
        if self.env_key.is_none() && !self.chatgpt.is_active() {
            // The sender lives as long as the account, so the wait ends with the read.
            let _ = self.login.subscribe().wait_for(|login| !matches!(login, LoginState::Reading)).await;
        }
    }

    /// Returns whether the stored login has not been read yet.
    pub(crate) fn is_reading(&self) -> bool {
        matches!(*self.login.borrow(), LoginState::Reading)
    }

    /// Returns the kind of credential that requests use; [`AuthKind::None`] if nobody is logged in. A login that has
    /// not been read, or cannot be, counts as a key: requests fail with the reason, and the preview does not take over.
    pub(crate) fn kind(&self) -> AuthKind {
        if self.chatgpt.is_active() {
            return AuthKind::Chatgpt;
        }
        if self.has_key() { AuthKind::ApiKey } else { AuthKind::None }
    }

    /// Returns whether there is a key, or may be one.
    pub(super) fn has_key(&self) -> bool {
        self.env_key.is_some() || !matches!(*self.login.borrow(), LoginState::LoggedOut)
    }

    /// Returns where the API key comes from; `None` if there is no readable key.
    pub(crate) fn key_source(&self) -> Option<KeySource> {
        match (&self.env_key, &*self.login.borrow()) {
            (Some(_), _) => Some(KeySource::Environment),
            (None, LoginState::Key(found)) => Some(KeySource::Login(found.location)),
            (None, LoginState::Reading | LoginState::LoggedOut | LoginState::Unreadable(_)) => None,
        }
    }

    /// Returns a warning about the stored login: it cannot be read, other users could read it, or it is not for
    /// `destination`, the origin of requests with a key.
    pub(crate) fn problem(&self, destination: Option<&Origin>) -> Option<String> {
        match &*self.login.borrow() {
            LoginState::Reading | LoginState::LoggedOut => None,
            LoginState::Unreadable(error) => Some(format!("The stored login cannot be used: {error}.")),
            LoginState::Key(found) if found.was_exposed => Some(format!(
                "Other users could read {} until now. If you share this machine, replace the key.",
                found.location.name()
            )),
            LoginState::Key(found) => {
                let destination = destination.filter(|destination| **destination != found.key.origin)?;
                let is_used = self.env_key.is_none() && !self.chatgpt.is_active();
                is_used.then(|| format!("{}.", wrong_origin_message(&found.key.origin, destination)))
            }
        }
    }

    /// Returns the user of the ChatGPT tokens, if there are any.
    pub(crate) fn chatgpt_profile(&self) -> Option<ChatgptProfile> {
        self.chatgpt.profile()
    }

    /// Returns the limits of the ChatGPT account, as the backend reported them last.
    pub(crate) fn rate_limits(&self) -> GetAccountRateLimitsResponse {
        self.chatgpt.rate_limits()
    }

    /// Returns the ChatGPT login, for credentials that use it.
    pub(crate) fn chatgpt(&self) -> &Arc<ChatgptLogin> {
        &self.chatgpt
    }

    /// Returns the key for requests to `destination`.
    ///
    /// # Errors
    /// If there is no key for this origin; the message says what to do.
    pub(super) fn key_for(&self, destination: &Origin) -> Result<SecretString, CredentialError> {
        if let Some(key) = &self.env_key {
            let is_valid = parse_token(key.expose_secret(), MAX_KEY_LEN).is_some();
            let invalid = || credential_error(format!("the value of {KEY_VARIABLE} is not an API key: {KEY_RULE}"));
            return if is_valid { Ok(key.clone()) } else { Err(invalid()) };
        }
        let message = match &*self.login.borrow() {
            LoginState::Key(FoundKey { key, .. }) if key.origin == *destination => return Ok(key.key.clone()),
            LoginState::Key(FoundKey { key, .. }) => wrong_origin_message(&key.origin, destination),
            LoginState::LoggedOut => "no API key; run `easel login --with-api-key`, or set OPENAI_API_KEY".to_owned(),
            LoginState::Reading => "the stored login is still being read; try again".to_owned(),
            LoginState::Unreadable(error) => {
                format!("the stored login cannot be used: {error}; run `easel login --with-api-key` to replace it")
            }
        };
        Err(credential_error(message))
    }

    /// Checks that there is a key for requests to `destination`.
    ///
    /// # Errors
    /// If there is no key for this origin; the message says what to do.
    pub(crate) fn check_key(&self, destination: &Origin) -> Result<(), CredentialError> {
        self.key_for(destination).map(drop)
    }

    /// Waits until earlier changes of the login have ended, in the order of the calls. A change keeps the guard until
    /// both the store and the memory have it; otherwise a key could be used after its logout.
    pub(crate) async fn begin_change(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.changing).lock_owned().await
    }

    /// Saves a key for requests to `origin`, for this process and later ones, in place of any other login. Blocks on
    /// the disk or the keychain.
    ///
    /// # Errors
    /// If the text is not a key, or the key cannot be saved.
    pub(crate) fn log_in(&self, key: &str, origin: Origin) -> Result<SavedKey, CredentialError> {
        let Some(key) = parse_token(key, MAX_KEY_LEN) else {
            return Err(credential_error(KEY_RULE));
        };
        let key = StoredKey { key: SecretString::from(key.to_owned()), origin };
        let saved = self.store.save(&key)?;
        self.login.send_replace(LoginState::Key(FoundKey { key, location: saved.location, was_exposed: false }));
        self.chatgpt.log_out();
        Ok(saved)
    }

    /// Uses ChatGPT tokens for requests to `origin`, in this process only. `client` refreshes them.
    ///
    /// # Errors
    /// If a token or an id is malformed.
    pub(crate) fn log_in_with_tokens(
        &self,
        tokens: ExternalTokens,
        origin: Origin,
        client: Outbox,
    ) -> Result<(), CredentialError> {
        self.chatgpt.log_in(tokens, origin, client)
    }

    /// Removes the stored key and the tokens. Returns whether there were any. Blocks on the disk or the keychain.
    ///
    /// # Errors
    /// If the stored key cannot be removed.
    pub(crate) fn log_out(&self) -> Result<bool, CredentialError> {
        let had_tokens = self.chatgpt.log_out();
        let was_stored = self.store.remove()?;
        let had_key = matches!(self.login.send_replace(LoginState::LoggedOut), LoginState::Key(_));
        Ok(was_stored || had_key || had_tokens)
    }

    /// Reads the stored key again after it was rejected, because another process may have replaced it. Returns the key
    /// for requests to `destination`.
    ///
    /// # Errors
    /// If the login cannot be read, or there is no key for this origin.
    pub(super) async fn reload_key(self: Arc<Self>, destination: &Origin) -> Result<SecretString, CredentialError> {
        if self.env_key.is_none() {
            let account = Arc::clone(&self);
            let change = self.begin_change().await;
            let reading = tokio::task::spawn_blocking(move || {
                let _change = change;
                let read = account.store.read()?;
                account.login.send_replace(Ok(read).into());
                Ok(())
            });
            let stopped = || Err(credential_error("the stored login cannot be read: the server is shutting down"));
            reading.await.unwrap_or_else(|_| stopped())?;
        }
        self.key_for(destination)
    }
}
