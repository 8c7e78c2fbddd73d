//! The login in the operating system's keychain. Builds without the cargo feature `keychain` report that it is absent.

use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use easel_provider::CredentialError;
use secrecy::SecretString;

use super::super::credential_error;

/// How long to wait for the keychain. It may prompt the user, who may be away.
const KEYCHAIN_TIMEOUT: Duration = Duration::from_secs(30);

/// The name of the keychain for people. It completes "stored in".
pub(super) const NAME: &str = "the operating system's keychain";

/// Why the keychain cannot be used.
#[derive(Debug)]
pub(super) enum KeychainError {
    /// The system has no keychain, and therefore no login in it.
    Absent(CredentialError),
    /// The keychain did not respond or refused access; it may contain a login.
    Failed(CredentialError),
}

impl KeychainError {
    /// Returns the error for the user.
    pub(super) fn into_error(self) -> CredentialError {
        match self {
            Self::Absent(error) | Self::Failed(error) => error,
        }
    }
}

/// Reads the text of the home's entry; `None` if there is no entry. Blocks.
pub(super) fn read(home: &Path) -> Result<Option<SecretString>, KeychainError> {
    run_with_timeout(home, system::read)
}

/// Writes the text of the home's entry. Blocks.
pub(super) fn write(home: &Path, text: &SecretString) -> Result<(), KeychainError> {
    let text = text.clone();
    run_with_timeout(home, move |account| system::write(account, &text))
}

/// Removes the home's entry. Returns whether there was one. Blocks.
pub(super) fn remove(home: &Path) -> Result<bool, KeychainError> {
    run_with_timeout(home, system::remove)
}

/// Runs `operation` on its own thread, for at most [`KEYCHAIN_TIMEOUT`]. Its argument is the name of the home's entry:
/// every home has one of its own, so isolated homes have isolated logins.
fn run_with_timeout<T: Send + 'static>(
    home: &Path,
    operation: impl FnOnce(&str) -> Result<T, KeychainError> + Send + 'static,
) -> Result<T, KeychainError> {
    let account = home.display().to_string();
    let (sender, receiver) = sync_channel(1);
    let thread = std::thread::Builder::new().name("easel-keychain".to_owned());
    let spawned = thread.spawn(move || {
        // The receiver is dropped after the timeout.
        let _ = sender.send(operation(&account));
    });
    spawned.map_err(|error| KeychainError::Failed(unusable_error(&error.to_string())))?;
    let timed_out =
        || KeychainError::Failed(unusable_error(&format!("no response within {} s", KEYCHAIN_TIMEOUT.as_secs())));
    receiver.recv_timeout(KEYCHAIN_TIMEOUT).unwrap_or_else(|_| Err(timed_out()))
}

fn unusable_error(reason: &str) -> CredentialError {
    credential_error(format!("{NAME} cannot be used: {reason}"))
}

#[cfg(feature = "keychain")]
mod system {
    use keyring::{Entry, Error};
    use secrecy::{ExposeSecret, SecretString};

    use super::KeychainError;

    const SERVICE: &str = "easel";

    pub(super) fn read(account: &str) -> Result<Option<SecretString>, KeychainError> {
        match open_entry(account)?.get_password() {
            Ok(text) => Ok(Some(SecretString::from(text))),
            Err(error) => default_if_missing(&error, None),
        }
    }

    pub(super) fn write(account: &str, text: &SecretString) -> Result<(), KeychainError> {
        open_entry(account)?.set_password(text.expose_secret()).map_err(|error| to_error(&error))
    }

    pub(super) fn remove(account: &str) -> Result<bool, KeychainError> {
        match open_entry(account)?.delete_credential() {
            Ok(()) => Ok(true),
            Err(error) => default_if_missing(&error, false),
        }
    }

    fn open_entry(account: &str) -> Result<Entry, KeychainError> {
        // Opening the store connects to the keychain, so an error here means that the system has no keychain.
        let status = Entry::store_status();
        status.as_ref().map_err(|error| KeychainError::Absent(super::unusable_error(&describe(error))))?;
        Entry::new(SERVICE, account).map_err(|error| to_error(&error))
    }

    fn default_if_missing<T>(error: &Error, default: T) -> Result<T, KeychainError> {
        if matches!(error, Error::NoEntry) { Ok(default) } else { Err(to_error(error)) }
    }

    fn to_error(error: &Error) -> KeychainError {
        KeychainError::Failed(super::unusable_error(&describe(error)))
    }

    /// Describes an error without the secrets that some variants carry. Errors of the platform explain more than their
    /// kind does.
    fn describe(error: &Error) -> String {
        if let Error::NoStorageAccess(reason) = error {
            format!("it is locked or was never set up ({reason})")
        } else if let Error::PlatformFailure(reason) = error {
            reason.to_string()
        } else if matches!(error, Error::BadEncoding(_) | Error::BadDataFormat(..)) {
            "its entry is not text".to_owned()
        } else {
            error.to_string()
        }
    }
}

#[cfg(not(feature = "keychain"))]
mod system {
    use secrecy::SecretString;

    use super::KeychainError;

    pub(super) fn read(_account: &str) -> Result<Option<SecretString>, KeychainError> {
        Err(absent_error())
    }

    pub(super) fn write(_account: &str, _text: &SecretString) -> Result<(), KeychainError> {
        Err(absent_error())
    }

    pub(super) fn remove(_account: &str) -> Result<bool, KeychainError> {
        Err(absent_error())
    }

    fn absent_error() -> KeychainError {
        KeychainError::Absent(super::unusable_error("this Easel was built without the cargo feature `keychain`"))
    }
}
