//! Stores the login: in a file in Easel's home, in the operating system's keychain, or in whichever is available.

mod auth_file;
mod keychain;
mod stored_key;

use std::path::PathBuf;

use easel_config::CredentialsStore;
use easel_provider::CredentialError;
use secrecy::{ExposeSecret, SecretString};

use super::credential_error;
use keychain::KeychainError;

pub(super) use stored_key::{MAX_KEY_LEN, StoredKey};

pub(super) use auth_file::FILE_NAME;

/// The store of the login, as configured.
#[derive(Debug)]
pub(crate) struct LoginStore {
    home: PathBuf,
    choice: CredentialsStore,
}

/// Where a login is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoginLocation {
    /// `auth.json` in Easel's home.
    File,
    /// The operating system's keychain.
    Keychain,
}

impl LoginLocation {
    /// Returns the name of the location for people. It completes "stored in".
    pub(crate) fn name(self) -> String {
        match self {
            Self::File => format!("{} in Easel's home", FILE_NAME),
            Self::Keychain => keychain::NAME.to_owned(),
        }
    }
}

/// A key that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FoundKey {
    pub(super) key: StoredKey,
    pub(super) location: LoginLocation,
    /// Whether other users could read it until now.
    pub(super) was_exposed: bool,
}

/// A key that was saved.
#[derive(Debug)]
pub(crate) struct SavedKey {
    /// Where it was saved.
    pub(crate) location: LoginLocation,
    /// Why it was not saved in the preferred location, if it was not.
    pub(crate) fallback_reason: Option<CredentialError>,
}

impl LoginStore {
    /// Creates the store in the folder `home` that `choice` selects.
    pub(crate) fn new(home: PathBuf, choice: CredentialsStore) -> Self {
        Self { home, choice }
    }

    /// Returns whether reading is fast. A keychain may prompt the user and take half a minute.
    pub(super) fn is_fast(&self) -> bool {
        self.choice == CredentialsStore::File
    }

    /// Reads the key; `None` if nobody is logged in.
    ///
    /// # Errors
    /// If a login may exist but cannot be read.
    pub(super) fn read(&self) -> Result<Option<FoundKey>, CredentialError> {
        match self.choice {
            CredentialsStore::File => self.read_file(),
            CredentialsStore::Keyring => self.read_keychain().map_err(KeychainError::into_error),
            CredentialsStore::Auto => {
                // Saving in the keychain removes the file. A file is newer: the keychain did not take its key.
                if let Some(found) = self.read_file()? {
                    return Ok(Some(found));
                }
                match self.read_keychain() {
                    Ok(found) => Ok(found),
                    Err(KeychainError::Absent(_)) => Ok(None),
                    // It may contain a login.
                    Err(KeychainError::Failed(error)) => Err(error),
                }
            }
        }
    }

    /// Saves the key in place of an older one.
    ///
    /// # Errors
    /// If it cannot be saved anywhere.
    pub(super) fn save(&self, key: &StoredKey) -> Result<SavedKey, CredentialError> {
        match self.choice {
            CredentialsStore::File => self.save_in_file(key, None),
            CredentialsStore::Keyring => self.save_in_keychain(key),
            CredentialsStore::Auto => self.save_in_keychain(key).or_else(|error| self.save_in_file(key, Some(error))),
        }
    }

    /// Removes the key from every location where it may be. Returns whether there was one.
    ///
    /// # Errors
    /// If a login may remain.
    pub(super) fn remove(&self) -> Result<bool, CredentialError> {
        match self.choice {
            CredentialsStore::File => auth_file::remove(&self.home),
            CredentialsStore::Keyring => keychain::remove(&self.home).map_err(KeychainError::into_error),
            CredentialsStore::Auto => {
                let was_in_file = auth_file::remove(&self.home)?;
                match keychain::remove(&self.home) {
                    Ok(was_in_keychain) => Ok(was_in_file || was_in_keychain),
                    Err(KeychainError::Absent(_)) => Ok(was_in_file),
                    Err(KeychainError::Failed(error)) => Err(error),
                }
            }
        }
    }

    fn read_file(&self) -> Result<Option<FoundKey>, CredentialError> {
        let found = auth_file::read(&self.home)?;
        Ok(found.map(|(key, was_exposed)| FoundKey { key, location: LoginLocation::File, was_exposed }))
    }

    fn read_keychain(&self) -> Result<Option<FoundKey>, KeychainError> {
        let Some(text) = keychain::read(&self.home)? else { return Ok(None) };
        let key = StoredKey::parse_entry(text.expose_secret()).map_err(|()| {
            KeychainError::Failed(credential_error(format!("the login in {} is damaged", keychain::NAME)))
        })?;
        Ok(key.map(|key| FoundKey { key, location: LoginLocation::Keychain, was_exposed: false }))
    }

    fn save_in_file(
        &self,
        key: &StoredKey,
        fallback_reason: Option<CredentialError>,
    ) -> Result<SavedKey, CredentialError> {
        auth_file::write(&self.home, key)?;
        Ok(SavedKey { location: LoginLocation::File, fallback_reason })
    }

    /// Saves the key in the keychain and removes it from the file: a user who prefers the keychain wants no file.
    fn save_in_keychain(&self, key: &StoredKey) -> Result<SavedKey, CredentialError> {
        let text: SecretString = key.to_text()?;
        keychain::write(&self.home, &text).map_err(KeychainError::into_error)?;
        auth_file::remove(&self.home)?;
        Ok(SavedKey { location: LoginLocation::Keychain, fallback_reason: None })
    }
}
