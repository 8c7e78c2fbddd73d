//! The user's account, as it is now: a key of the public API, or the ChatGPT tokens that a client has given.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use easel_config::Environment;
use easel_imagegen::capability::AuthKind;
use easel_protocol::rate_limits::GetAccountRateLimitsResponse;
use easel_provider::{CredentialError, Secret};
use easel_rpc::Outbox;

use super::store::{Kept, LoginStore, Place};
use super::tokens::{Given, Profile, Tokens};
use super::{file, key_in, one_word};
use crate::connections::Connections;

const VARIABLE: &str = "OPENAI_API_KEY";

/// Changes when the user logs in or out.
#[derive(Debug)]
pub(crate) struct Account {
    store: LoginStore,
    /// Wins over the stored key: who sets it for one process means that process.
    environment: Option<Secret>,
    stored: Mutex<Option<(Secret, Place)>>,
    /// Win over any key: a client that gives them means just this server.
    tokens: Arc<Tokens>,
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

impl Account {
    /// Reads the stored login; one that cannot be read counts as none and is returned as a warning. `connections` are
    /// told of the account's limits. Blocks for disk or the keychain.
    pub(crate) fn open(
        environment: &Environment,
        store: LoginStore,
        connections: Connections,
    ) -> (Self, Option<CredentialError>) {
        let (stored, problem) = match store.read() {
            Ok(stored) => (stored, None),
            Err(error) => (None, Some(error)),
        };
        let environment = key_in(environment, VARIABLE);
        let tokens = Arc::new(Tokens::new(connections));
        (Self { store, environment, stored: Mutex::new(stored), tokens }, problem)
    }

    /// What requests are authorised with; [`AuthKind::None`] when nobody is logged in.
    pub(crate) fn kind(&self) -> AuthKind {
        if self.tokens.are_there() {
            return AuthKind::Chatgpt;
        }
        if self.source().is_some() { AuthKind::ApiKey } else { AuthKind::None }
    }

    /// Where the key comes from; `None` when there is none.
    pub(crate) fn source(&self) -> Option<KeySource> {
        match &self.environment {
            Some(_) => Some(KeySource::Environment),
            None => self.stored().as_ref().map(|(_, place)| KeySource::Login(*place)),
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

    pub(super) fn key(&self) -> Option<Secret> {
        self.environment.clone().or_else(|| self.stored().as_ref().map(|(key, _)| key.clone()))
    }

    /// Stores a key, for this process and the next ones, in place of any other login. Blocks for disk or the keychain.
    ///
    /// # Errors
    /// One sentence, when the key is none or cannot be stored.
    pub(crate) fn log_in(&self, key: &str) -> Result<Kept, CredentialError> {
        let Some(key) = one_word(key, file::LONGEST_KEY) else {
            return Err(CredentialError {
                message: "that is not an API key: one word of visible characters".to_owned(),
            });
        };
        let key = Secret::new(key.to_owned());
        let kept = self.store.write(&key)?;
        *self.stored() = Some((key, kept.place));
        self.tokens.log_out();
        Ok(kept)
    }

    /// Takes ChatGPT tokens, for this process alone; `host` renews them.
    ///
    /// # Errors
    /// One sentence, when something cannot be what it is given as.
    pub(crate) fn log_in_with_tokens(&self, given: Given, host: Outbox) -> Result<(), CredentialError> {
        self.tokens.log_in(given, host)
    }

    /// Forgets stored key and tokens; true when there was either. Blocks for disk or the keychain.
    ///
    /// # Errors
    /// One sentence, when the stored key cannot be removed.
    pub(crate) fn log_out(&self) -> Result<bool, CredentialError> {
        let had_tokens = self.tokens.log_out();
        let removed = self.store.remove()?;
        let forgotten = self.stored().take().is_some();
        Ok(removed || forgotten || had_tokens)
    }

    /// The key after it was refused: another process may have stored a new one.
    pub(super) async fn reload(self: Arc<Self>) -> Result<Option<Secret>, CredentialError> {
        if self.environment.is_some() {
            return Ok(self.key());
        }
        let reading = tokio::task::spawn_blocking(move || {
            let stored = self.store.read()?;
            self.stored().clone_from(&stored);
            Ok(stored.map(|(key, _)| key))
        });
        let message = "the stored login cannot be read while Easel shuts down".to_owned();
        reading.await.unwrap_or(Err(CredentialError { message }))
    }

    fn stored(&self) -> MutexGuard<'_, Option<(Secret, Place)>> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
