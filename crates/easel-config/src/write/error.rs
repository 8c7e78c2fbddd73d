//! Why a write was refused or failed.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::Warning;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A key or a value is invalid, or the file is. The sentence never repeats a value.
    #[error("{0}")]
    Invalid(String),
    /// The home's layer has another version than the client expects.
    #[error("The configuration was modified since last read; read it again and repeat the change.")]
    Conflict,
    /// Another process holds the lock.
    #[error(
        "Nothing was written: another process has held {} for {} s. Try again when it is done.",
        path.display(),
        waited.as_secs()
    )]
    Busy {
        /// The path of the lock file.
        path: PathBuf,
        /// How long this process waited for the lock.
        waited: Duration,
    },
    /// The file cannot be written.
    #[error("Nothing was written: cannot write {}", path.display())]
    Io {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}

impl WriteError {
    /// Creates the error for a file of the home that is invalid as a whole, so that no key of it can be changed.
    pub(super) fn from_file(warning: &Warning) -> Self {
        Self::Invalid(warning.to_string())
    }

    /// Creates the error for a file of the home that is not valid TOML, so that no key of it can be changed.
    pub(super) fn broken_file() -> Self {
        Self::Invalid("config.toml cannot be changed: it is not valid TOML.".to_owned())
    }
}
