//! The user's own key for the public API, as it is now.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use easel_config::Environment;
use easel_provider::{CredentialError, Secret};

use super::{file, key_in};

const VARIABLE: &str = "OPENAI_API_KEY";

/// Changes when the user logs in or out.
#[derive(Debug)]
pub(crate) struct Account {
    home: PathBuf,
    /// Wins over the login: who sets it for one process means that process.
    environment: Option<Secret>,
    stored: Mutex<Option<Secret>>,
}

/// Where the key in use comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeySource {
    Environment,
    Login,
}

impl KeySource {
    /// For people: completes "the key comes from".
    pub(crate) fn place(self) -> String {
        match self {
            Self::Environment => format!("the environment variable {VARIABLE}"),
            Self::Login => format!("{} in Easel's home", file::NAME),
        }
    }
}

impl Account {
    /// Reads the stored login; one that cannot be read counts as none and is returned as a warning.
    pub(crate) fn open(environment: &Environment, home: PathBuf) -> (Self, Option<CredentialError>) {
        let (stored, problem) = match file::read(&home) {
            Ok(stored) => (stored, None),
            Err(error) => (None, Some(error)),
        };
        let environment = key_in(environment, VARIABLE);
        (Self { home, environment, stored: Mutex::new(stored) }, problem)
    }

    /// Where the key comes from; `None` when there is none.
    pub(crate) fn source(&self) -> Option<KeySource> {
        match &self.environment {
            Some(_) => Some(KeySource::Environment),
            None => self.stored().is_some().then_some(KeySource::Login),
        }
    }

    pub(super) fn key(&self) -> Option<Secret> {
        self.environment.clone().or_else(|| self.stored().clone())
    }

    /// Stores a key, for this process and the next ones. Blocks for disk.
    ///
    /// # Errors
    /// One sentence, when the key is none or the file cannot be written.
    pub(crate) fn log_in(&self, key: &str) -> Result<(), CredentialError> {
        let key = checked(key)?;
        file::write(&self.home, &key)?;
        *self.stored() = Some(key);
        Ok(())
    }

    /// Forgets the stored key; true when there was one. Blocks for disk.
    ///
    /// # Errors
    /// One sentence, when the file cannot be removed.
    pub(crate) fn log_out(&self) -> Result<bool, CredentialError> {
        let removed = file::remove(&self.home)?;
        let forgotten = self.stored().take().is_some();
        Ok(removed || forgotten)
    }

    /// The key after it was refused: another process may have stored a new one.
    pub(super) async fn reload(self: Arc<Self>) -> Result<Option<Secret>, CredentialError> {
        if self.environment.is_some() {
            return Ok(self.key());
        }
        let reading = tokio::task::spawn_blocking(move || {
            let stored = file::read(&self.home)?;
            self.stored().clone_from(&stored);
            Ok(stored)
        });
        let message = "the stored login cannot be read while Easel shuts down".to_owned();
        reading.await.unwrap_or(Err(CredentialError { message }))
    }

    fn stored(&self) -> MutexGuard<'_, Option<Secret>> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A key is one word of visible ASCII: anything else cannot stand in a header, and was pasted by mistake.
fn checked(key: &str) -> Result<Secret, CredentialError> {
    let key = key.trim();
    let is_good = (1..=file::LONGEST_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_good {
        return Err(CredentialError { message: "that is not an API key: one word of visible characters".to_owned() });
    }
    Ok(Secret::new(key.to_owned()))
}
