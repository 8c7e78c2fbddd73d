//! The operating system's keychain. Builds without the cargo feature `keychain` have none and say so.

use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use easel_provider::CredentialError;
use secrecy::SecretString;

/// The keychain may ask its user, who may be away.
const PATIENCE: Duration = Duration::from_secs(30);

/// For people: completes "it is in".
pub(super) const NAME: &str = "the operating system's keychain";

/// Why the keychain did not do what it was asked.
#[derive(Debug)]
pub(super) enum Unusable {
    /// There is none, so there is no login in it either.
    Absent(CredentialError),
    /// There is one, and it may hold a login.
    Refused(CredentialError),
}

impl Unusable {
    pub(super) fn error(self) -> CredentialError {
        match self {
            Self::Absent(error) | Self::Refused(error) => error,
        }
    }
}

/// The text of the entry.
pub(super) fn read(home: &Path) -> Result<Option<SecretString>, Unusable> {
    asked(home, system::read)
}

pub(super) fn write(home: &Path, text: &SecretString) -> Result<(), Unusable> {
    let text = text.clone();
    asked(home, move |account| system::write(account, &text))
}

/// False when there was nothing to remove.
pub(super) fn remove(home: &Path) -> Result<bool, Unusable> {
    asked(home, system::remove)
}

/// One home, one entry: who isolates by home isolates the login too.
fn asked<T: Send + 'static>(
    home: &Path,
    question: impl FnOnce(&str) -> Result<T, Unusable> + Send + 'static,
) -> Result<T, Unusable> {
    let account = home.display().to_string();
    let (tell, told) = sync_channel(1);
    let asking = std::thread::Builder::new().name("easel-keychain".to_owned());
    let started = asking.spawn(move || {
        let _ = tell.send(question(&account));
    });
    started.map_err(|error| Unusable::Refused(unusable(&error.to_string())))?;
    let silent = || Unusable::Refused(unusable(&format!("no answer within {} s", PATIENCE.as_secs())));
    told.recv_timeout(PATIENCE).unwrap_or_else(|_| Err(silent()))
}

fn unusable(why: &str) -> CredentialError {
    CredentialError { message: format!("{NAME} cannot be used: {why}") }
}

#[cfg(feature = "keychain")]
mod system {
    use keyring::{Entry, Error};
    use secrecy::{ExposeSecret, SecretString};

    use super::Unusable;

    const SERVICE: &str = "easel";

    pub(super) fn read(account: &str) -> Result<Option<SecretString>, Unusable> {
        match entry(account)?.get_password() {
            Ok(text) => Ok(Some(SecretString::from(text))),
            Err(error) => none_or(&error, None),
        }
    }

    pub(super) fn write(account: &str, text: &SecretString) -> Result<(), Unusable> {
        entry(account)?.set_password(text.expose_secret()).map_err(|error| refused(&error))
    }

    pub(super) fn remove(account: &str) -> Result<bool, Unusable> {
        match entry(account)?.delete_credential() {
            Ok(()) => Ok(true),
            Err(error) => none_or(&error, false),
        }
    }

    fn entry(account: &str) -> Result<Entry, Unusable> {
        // Opening the store connects to the keychain: an error here means that there is none.
        Entry::store_status().as_ref().map_err(|error| Unusable::Absent(super::unusable(&why(error))))?;
        Entry::new(SERVICE, account).map_err(|error| refused(&error))
    }

    fn none_or<T>(error: &Error, none: T) -> Result<T, Unusable> {
        if matches!(error, Error::NoEntry) { Ok(none) } else { Err(refused(error)) }
    }

    fn refused(error: &Error) -> Unusable {
        Unusable::Refused(super::unusable(&why(error)))
    }

    /// Some errors carry what they could not read, and those of the platform say more than their kind.
    fn why(error: &Error) -> String {
        if let Error::NoStorageAccess(why) = error {
            format!("it is locked or was never set up ({why})")
        } else if let Error::PlatformFailure(why) = error {
            why.to_string()
        } else if matches!(error, Error::BadEncoding(_) | Error::BadDataFormat(..)) {
            "its entry is no text".to_owned()
        } else {
            error.to_string()
        }
    }
}

#[cfg(not(feature = "keychain"))]
mod system {
    use secrecy::SecretString;

    use super::Unusable;

    pub(super) fn read(_account: &str) -> Result<Option<SecretString>, Unusable> {
        Err(none())
    }

    pub(super) fn write(_account: &str, _text: &SecretString) -> Result<(), Unusable> {
        Err(none())
    }

    pub(super) fn remove(_account: &str) -> Result<bool, Unusable> {
        Err(none())
    }

    fn none() -> Unusable {
        Unusable::Absent(super::unusable("this Easel was built without it (cargo feature `keychain`)"))
    }
}
