//! The stored login: one small file in the home that its owner alone can read.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use easel_provider::CredentialError;
use secrecy::ExposeSecret;

use super::stored_key::StoredKey;
use crate::process::private_file;

/// The file's name in the home.
pub(crate) const NAME: &str = "auth.json";

/// Bytes that are read of the file.
const LONGEST_FILE: u64 = 64 * 1024;

/// The key in the file, and whether other users could read it until now; `None` when there is no file or no key in it.
pub(super) fn read(home: &Path) -> Result<Option<(StoredKey, bool)>, CredentialError> {
    let file = match private_file::read(&home.join(NAME), LONGEST_FILE) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", &error)),
    };
    let stored = StoredKey::parse(&file.text)
        .map_err(|()| CredentialError { message: format!("{NAME} in Easel's home is not what a login writes") })?;
    Ok(stored.map(|stored| (stored, file.was_open)))
}

/// Puts the key in the file, whole or not at all: a temporary file, which only the owner can read from its first byte,
/// takes the old one's place.
pub(super) fn write(home: &Path, key: &StoredKey) -> Result<(), CredentialError> {
    let text = key.to_text()?;
    replace(home, text.expose_secret().as_bytes()).map_err(|error| failed("write", &error))
}

fn replace(home: &Path, text: &[u8]) -> io::Result<()> {
    let mut staged = tempfile::Builder::new().prefix(".auth-").tempfile_in(home)?;
    staged.write_all(text)?;
    staged.as_file().sync_all()?;
    staged.persist(home.join(NAME)).map_err(|error| error.error)?;
    // The name is durable when its folder is. Where a folder cannot be opened, the file system sees to that itself.
    File::open(home).map_or(Ok(()), |folder| folder.sync_all())
}

/// Removes the file; false when there was none.
pub(super) fn remove(home: &Path) -> Result<bool, CredentialError> {
    match std::fs::remove_file(home.join(NAME)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed("remove", &error)),
    }
}

/// An error of the operating system says nothing of the content.
fn failed(verb: &str, error: &io::Error) -> CredentialError {
    CredentialError { message: format!("cannot {verb} {NAME} in Easel's home: {error}") }
}
