//! Where a login is kept: a file in the home, the operating system's keychain, or whichever there is.

use std::path::PathBuf;

use easel_config::CredentialsStore;
use easel_provider::{CredentialError, Secret};

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

    pub(super) fn read(&self) -> Result<Option<(Secret, Place)>, CredentialError> {
        match self.choice {
            CredentialsStore::File => self.read_file(),
            CredentialsStore::Keyring => self.read_keychain(),
            // A keychain that cannot be used is one that this login is not in.
            CredentialsStore::Auto => match self.read_keychain() {
                Ok(Some(found)) => Ok(Some(found)),
                Ok(None) | Err(_) => self.read_file(),
            },
        }
    }

    pub(super) fn write(&self, key: &Secret) -> Result<Kept, CredentialError> {
        match self.choice {
            CredentialsStore::File => self.write_file(key, None),
            CredentialsStore::Keyring => self.write_keychain(key),
            CredentialsStore::Auto => self.write_keychain(key).or_else(|error| self.write_file(key, Some(error))),
        }
    }

    /// True when there was one. What is asked for is that no login is left, so every place is looked into that may be used.
    pub(super) fn remove(&self) -> Result<bool, CredentialError> {
        match self.choice {
            CredentialsStore::File => file::remove(&self.home),
            CredentialsStore::Keyring => keychain::remove(&self.home),
            CredentialsStore::Auto => {
                let kept = keychain::remove(&self.home).unwrap_or(false);
                Ok(file::remove(&self.home)? || kept)
            }
        }
    }

    fn read_file(&self) -> Result<Option<(Secret, Place)>, CredentialError> {
        Ok(file::read(&self.home)?.map(|key| (key, Place::File)))
    }

    fn read_keychain(&self) -> Result<Option<(Secret, Place)>, CredentialError> {
        Ok(keychain::read(&self.home)?.map(|key| (key, Place::Keychain)))
    }

    fn write_file(&self, key: &Secret, instead: Option<CredentialError>) -> Result<Kept, CredentialError> {
        file::write(&self.home, key)?;
        Ok(Kept { place: Place::File, instead })
    }

    /// Whoever wants the keychain wants the key in no file: an older one goes.
    fn write_keychain(&self, key: &Secret) -> Result<Kept, CredentialError> {
        keychain::write(&self.home, key)?;
        file::remove(&self.home)?;
        Ok(Kept { place: Place::Keychain, instead: None })
    }
}
