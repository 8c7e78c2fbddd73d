//! The user's account, as it is now: a key of the public API, or the ChatGPT tokens that a client has given.

use std::sync::Arc;

use easel_config::Environment;
use easel_imagegen::capability::AuthKind;
use easel_protocol::rate_limits::GetAccountRateLimitsResponse;
use easel_provider::CredentialError;
use easel_rpc::Outbox;
use secrecy::SecretString;
use tokio::sync::watch;

use super::login::{KeySource, Login, VARIABLE, other_origin};
use super::origin::Origin;
use super::store::{Found, Kept, LoginStore};
use super::stored_key::{LONGEST_KEY, StoredKey};
use super::tokens::{Given, Profile, Tokens};
use super::{key_in, one_word};
use crate::connections::Connections;

/// Changes when the user logs in or out.
#[derive(Debug)]
pub(crate) struct Account {
    store: LoginStore,
    /// Wins over the stored key: who sets it for one process means that process, and where its requests go.
    environment: Option<SecretString>,
    login: watch::Sender<Login>,
    /// Win over any key: a client that gives them means just this server.
    tokens: Arc<Tokens>,
}

impl Account {
    /// An account whose stored login is read already, or, from a keychain, still to be read with [`Account::read`].
    /// `connections` get the account's limits.
    pub(crate) fn new(environment: &Environment, store: LoginStore, connections: Connections) -> Self {
        let login = if store.is_quick() { store.read().into() } else { Login::Reading };
        let environment = key_in(environment, VARIABLE);
        let tokens = Arc::new(Tokens::new(connections));
        Self { store, environment, login: watch::Sender::new(login), tokens }
    }

    /// An account whose stored login is read. Blocks for disk or the keychain.
    pub(crate) fn open(environment: &Environment, store: LoginStore) -> Self {
        let account = Self::new(environment, store, Connections::default());
        account.read();
        account
    }

    /// Reads the stored login, unless that was done. Blocks for the keychain, which may ask its user.
    pub(crate) fn read(&self) {
        if !self.is_reading() {
            return;
        }
        let read = self.store.read().into();
        self.login.send_if_modified(|login| {
            // A login or logout meanwhile is what counts.
            let is_first = matches!(login, Login::Reading);
            if is_first {
                *login = read;
            }
            is_first
        });
    }

    /// Waits until the stored login is read, if that matters: not with a key in the environment or with tokens.
    pub(crate) async fn settled(&self) {
        if self.environment.is_none() && !self.tokens.are_there() {
            // The sender lives as long as the account, so this ends with the reading.
            let _ = self.login.subscribe().wait_for(|login| !matches!(login, Login::Reading)).await;
        }
    }

    /// Whether [`Account::read`] has something to do.
    pub(crate) fn is_reading(&self) -> bool {
        matches!(*self.login.borrow(), Login::Reading)
    }

    /// What requests are authorised with; [`AuthKind::None`] when nobody is logged in. A login that is not read, or cannot
    /// be, counts as a key: its requests fail and say why, and nothing stands in for it.
    pub(crate) fn kind(&self) -> AuthKind {
        if self.tokens.are_there() {
            return AuthKind::Chatgpt;
        }
        if self.has_key() { AuthKind::ApiKey } else { AuthKind::None }
    }

    /// Whether there is a key, or may be one.
    pub(super) fn has_key(&self) -> bool {
        self.environment.is_some() || !matches!(*self.login.borrow(), Login::None)
    }

    /// Where the key comes from; `None` when there is none that can be read.
    pub(crate) fn source(&self) -> Option<KeySource> {
        match (&self.environment, &*self.login.borrow()) {
            (Some(_), _) => Some(KeySource::Environment),
            (None, Login::Key(found)) => Some(KeySource::Login(found.place)),
            (None, Login::Reading | Login::None | Login::Unreadable(_)) => None,
        }
    }

    /// What a person should know of the stored login: that it cannot be read, that others could read it, or that it is for
    /// another origin than `destination`, which is where requests with a key go.
    pub(crate) fn problem(&self, destination: Option<&Origin>) -> Option<String> {
        match &*self.login.borrow() {
            Login::Reading | Login::None => None,
            Login::Unreadable(error) => Some(format!("The stored login cannot be used: {error}.")),
            Login::Key(found) if found.was_open => Some(format!(
                "Other users could read {} until now. If you share this machine, replace the key.",
                found.place.name()
            )),
            Login::Key(found) => {
                let destination = destination.filter(|destination| **destination != found.key.origin)?;
                let is_used = self.environment.is_none() && !self.tokens.are_there();
                is_used.then(|| format!("{}.", other_origin(&found.key.origin, destination)))
            }
        }
    }

    /// Whose ChatGPT tokens are in use, if any are.
    pub(crate) fn profile(&self) -> Option<Profile> {
        self.tokens.profile()
    }

    /// What the backend said last.
    pub(crate) fn limits(&self) -> GetAccountRateLimitsResponse {
        self.tokens.limits()
    }

    pub(crate) fn tokens(&self) -> &Arc<Tokens> {
        &self.tokens
    }

    /// The key for requests to this origin.
    ///
    /// # Errors
    /// One sentence that says what to do, when there is none for it.
    pub(super) fn key_for(&self, destination: &Origin) -> Result<SecretString, CredentialError> {
        if let Some(key) = &self.environment {
            return Ok(key.clone());
        }
        let message = match &*self.login.borrow() {
            Login::Key(Found { key, .. }) if key.origin == *destination => return Ok(key.key.clone()),
            Login::Key(Found { key, .. }) => other_origin(&key.origin, destination),
            Login::None => "there is no API key: `easel login --with-api-key` stores one".to_owned(),
            Login::Reading => "the stored login is still being read".to_owned(),
            Login::Unreadable(error) => {
                format!("the stored login cannot be used: {error}; `easel login --with-api-key` stores another")
            }
        };
        Err(CredentialError { message })
    }

    /// Whether there is a key for requests to this origin.
    ///
    /// # Errors
    /// One sentence that says what to do, when there is none for it.
    pub(crate) fn check(&self, destination: &Origin) -> Result<(), CredentialError> {
        self.key_for(destination).map(drop)
    }

    /// Stores a key for requests to this origin, for this process and the next ones, in place of any other login. Blocks
    /// for disk or the keychain.
    ///
    /// # Errors
    /// One sentence, when the key is none or cannot be stored.
    pub(crate) fn log_in(&self, key: &str, origin: Origin) -> Result<Kept, CredentialError> {
        let Some(key) = one_word(key, LONGEST_KEY) else {
            return Err(CredentialError {
                message: "that is not an API key: one word of visible characters".to_owned(),
            });
        };
        let key = StoredKey { key: SecretString::from(key.to_owned()), origin };
        let kept = self.store.write(&key)?;
        self.login.send_replace(Login::Key(Found { key, place: kept.place, was_open: false }));
        self.tokens.log_out();
        Ok(kept)
    }

    /// Takes ChatGPT tokens for requests to this origin, for this process alone; `host` renews them.
    ///
    /// # Errors
    /// One sentence, when something cannot be what it is given as.
    pub(crate) fn log_in_with_tokens(&self, given: Given, origin: Origin, host: Outbox) -> Result<(), CredentialError> {
        self.tokens.log_in(given, origin, host)
    }

    /// Forgets stored key and tokens; true when there was either. Blocks for disk or the keychain.
    ///
    /// # Errors
    /// One sentence, when the stored key cannot be removed.
    pub(crate) fn log_out(&self) -> Result<bool, CredentialError> {
        let had_tokens = self.tokens.log_out();
        let removed = self.store.remove()?;
        let forgotten = matches!(self.login.send_replace(Login::None), Login::Key(_));
        Ok(removed || forgotten || had_tokens)
    }

    /// The key for this origin after it was refused: another process may have stored a new one.
    pub(super) async fn reload(self: Arc<Self>, destination: &Origin) -> Result<SecretString, CredentialError> {
        if self.environment.is_none() {
            let account = Arc::clone(&self);
            let reading = tokio::task::spawn_blocking(move || {
                let read = account.store.read()?;
                account.login.send_replace(Ok(read).into());
                Ok(())
            });
            let message = "the stored login cannot be read while Easel shuts down".to_owned();
            reading.await.unwrap_or(Err(CredentialError { message }))?;
        }
        self.key_for(destination)
    }
}
