//! Where a login is kept: a file in the home, the operating system's keychain, or whichever there is.

use std::path::PathBuf;

use easel_config::CredentialsStore;
use easel_provider::CredentialError;
use secrecy::{ExposeSecret, SecretString};

use super::keychain::Unusable;
use super::stored_key::StoredKey;
use super::{file, keychain};

#[derive(Debug)]
pub(crate) struct LoginStore {
    home: PathBuf,
    choice: CredentialsStore,
}

/// Where one login is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    File,
    Keychain,
}

impl Place {
    /// For people: completes "it is in".
    pub(crate) fn name(self) -> String {
        match self {
            Self::File => format!("{} in Easel's home", file::NAME),
            Self::Keychain => keychain::NAME.to_owned(),
        }
    }
}

/// A login as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) key: StoredKey,
    pub(super) place: Place,
    /// Other users could read it until now.
    pub(super) was_open: bool,
}

/// A login that was kept.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) place: Place,
    /// Why it is not in the place that was wished for first.
    pub(crate) instead: Option<CredentialError>,
}

impl LoginStore {
    pub(crate) fn new(home: PathBuf, choice: CredentialsStore) -> Self {
        Self { home, choice }
    }

    /// Whether reading asks nobody: a keychain may ask its user, and take half a minute.
    pub(super) fn is_quick(&self) -> bool {
        self.choice == CredentialsStore::File
    }

    /// # Errors
    /// One sentence, when there may be a login that cannot be read.
    pub(super) fn read(&self) -> Result<Option<Found>, CredentialError> {
        match self.choice {
            CredentialsStore::File => self.read_file(),
            CredentialsStore::Keyring => self.read_keychain().map_err(Unusable::error),
            CredentialsStore::Auto => match self.read_keychain() {
                Ok(Some(found)) => Ok(Some(found)),
                Ok(None) | Err(Unusable::Absent(_)) => self.read_file(),
                // Only a login in the file is known to be one.
                Err(Unusable::Refused(error)) => self.read_file()?.map(Some).ok_or(error),
            },
        }
    }

    pub(super) fn write(&self, key: &StoredKey) -> Result<Kept, CredentialError> {
        match self.choice {
            CredentialsStore::File => self.write_file(key, None),
            CredentialsStore::Keyring => self.write_keychain(key),
            CredentialsStore::Auto => self.write_keychain(key).or_else(|error| self.write_file(key, Some(error))),
        }
    }

    /// True when there was one. What is asked for is that no login is left, so every place is looked into that may be used.
    ///
    /// # Errors
    /// One sentence, when one may be left.
    pub(super) fn remove(&self) -> Result<bool, CredentialError> {
        match self.choice {
            CredentialsStore::File => file::remove(&self.home),
            CredentialsStore::Keyring => keychain::remove(&self.home).map_err(Unusable::error),
            CredentialsStore::Auto => {
                let in_file = file::remove(&self.home)?;
                match keychain::remove(&self.home) {
                    Ok(in_keychain) => Ok(in_file || in_keychain),
                    Err(Unusable::Absent(_)) => Ok(in_file),
                    Err(Unusable::Refused(error)) => Err(error),
                }
            }
        }
    }

    fn read_file(&self) -> Result<Option<Found>, CredentialError> {
        let found = file::read(&self.home)?;
        Ok(found.map(|(key, was_open)| Found { key, place: Place::File, was_open }))
    }

    fn read_keychain(&self) -> Result<Option<Found>, Unusable> {
        let Some(text) = keychain::read(&self.home)? else { return Ok(None) };
        let damaged = |()| {
            let message = format!("the login in {} is not what a login writes", keychain::NAME);
            Unusable::Refused(CredentialError { message })
        };
        let key = StoredKey::parse_entry(text.expose_secret()).map_err(damaged)?;
        Ok(key.map(|key| Found { key, place: Place::Keychain, was_open: false }))
    }

    fn write_file(&self, key: &StoredKey, instead: Option<CredentialError>) -> Result<Kept, CredentialError> {
        file::write(&self.home, key)?;
        Ok(Kept { place: Place::File, instead })
    }

    /// Whoever wants the keychain wants the key in no file: an older one goes.
    fn write_keychain(&self, key: &StoredKey) -> Result<Kept, CredentialError> {
        let text: SecretString = key.to_text()?;
        keychain::write(&self.home, &text).map_err(Unusable::error)?;
        file::remove(&self.home)?;
        Ok(Kept { place: Place::Keychain, instead: None })
    }
}
