//! The operating system's keychain. Builds without the cargo feature `keychain` have none and say so.

use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use easel_provider::{CredentialError, Secret};

/// The keychain may ask its user, who may be away.
const PATIENCE: Duration = Duration::from_secs(30);

/// For people: completes "it is in".
pub(super) const NAME: &str = "the operating system's keychain";

pub(super) fn read(home: &Path) -> Result<Option<Secret>, CredentialError> {
    asked(home, system::read)
}

pub(super) fn write(home: &Path, key: &Secret) -> Result<(), CredentialError> {
    let key = key.clone();
    asked(home, move |account| system::write(account, &key))
}

/// False when there was nothing to remove.
pub(super) fn remove(home: &Path) -> Result<bool, CredentialError> {
    asked(home, system::remove)
}

/// One home, one entry: who isolates by home isolates the login too.
fn asked<T: Send + 'static>(
    home: &Path,
    question: impl FnOnce(&str) -> Result<T, CredentialError> + Send + 'static,
) -> Result<T, CredentialError> {
    let account = home.display().to_string();
    let (tell, told) = sync_channel(1);
    let asking = std::thread::Builder::new().name("easel-keychain".to_owned());
    let started = asking.spawn(move || {
        let _ = tell.send(question(&account));
    });
    started.map_err(|error| unusable(&error.to_string()))?;
    told.recv_timeout(PATIENCE).unwrap_or_else(|_| Err(unusable(&format!("no answer within {} s", PATIENCE.as_secs()))))
}

fn unusable(why: &str) -> CredentialError {
    CredentialError { message: format!("{NAME} cannot be used: {why}") }
}

#[cfg(feature = "keychain")]
mod system {
    use easel_provider::{CredentialError, Secret};
    use keyring::{Entry, Error};

    const SERVICE: &str = "easel";

    pub(super) fn read(account: &str) -> Result<Option<Secret>, CredentialError> {
        match entry(account)?.get_password() {
            Ok(key) => Ok(Some(Secret::new(key))),
            Err(error) => none_or(&error, None),
        }
    }

    pub(super) fn write(account: &str, key: &Secret) -> Result<(), CredentialError> {
        entry(account)?.set_password(key.expose()).map_err(|error| unusable(&error))
    }

    pub(super) fn remove(account: &str) -> Result<bool, CredentialError> {
        match entry(account)?.delete_credential() {
            Ok(()) => Ok(true),
            Err(error) => none_or(&error, false),
        }
    }

    fn entry(account: &str) -> Result<Entry, CredentialError> {
        // An entry of no keychain says that there is none, and this says why.
        Entry::store_status().as_ref().map_err(unusable)?;
        Entry::new(SERVICE, account).map_err(|error| unusable(&error))
    }

    fn none_or<T>(error: &Error, none: T) -> Result<T, CredentialError> {
        if matches!(error, Error::NoEntry) { Ok(none) } else { Err(unusable(error)) }
    }

    /// Some errors carry what they could not read, and those of the platform say more than their kind.
    fn unusable(error: &Error) -> CredentialError {
        let why = if let Error::NoStorageAccess(why) = error {
            format!("it is locked or was never set up ({why})")
        } else if let Error::PlatformFailure(why) = error {
            why.to_string()
        } else if matches!(error, Error::BadEncoding(_) | Error::BadDataFormat(..)) {
            "its entry is no text".to_owned()
        } else {
            error.to_string()
        };
        super::unusable(&why)
    }
}

#[cfg(not(feature = "keychain"))]
mod system {
    use easel_provider::{CredentialError, Secret};

    pub(super) fn read(_account: &str) -> Result<Option<Secret>, CredentialError> {
        Err(none())
    }

    pub(super) fn write(_account: &str, _key: &Secret) -> Result<(), CredentialError> {
        Err(none())
    }

    pub(super) fn remove(_account: &str) -> Result<bool, CredentialError> {
        Err(none())
    }

    fn none() -> CredentialError {
        super::unusable("this Easel was built without it (cargo feature `keychain`)")
    }
}
