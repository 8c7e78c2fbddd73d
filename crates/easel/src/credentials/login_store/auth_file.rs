//! The login in `auth.json`, a file in Easel's home that only its owner can read.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use easel_config::private_file;
use easel_provider::CredentialError;
use secrecy::ExposeSecret;

use super::super::credential_error;
use super::StoredKey;

/// The name of the file in Easel's home.
pub(crate) const FILE_NAME: &str = "auth.json";

/// The name of the file until it replaces the old one.
const NEW_FILE_NAME: &str = ".auth.json.new";

/// Maximum size of the file in bytes.
const MAX_FILE_LEN: u64 = 64 * 1024;

/// Reads the key, and whether other users could read the file until now; `None` if there is no file, or no key in it.
pub(super) fn read(home: &Path) -> Result<Option<(StoredKey, bool)>, CredentialError> {
    let file = match private_file::read(&home.join(FILE_NAME), MAX_FILE_LEN) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error("read", &error)),
    };
    let stored = StoredKey::parse(&file.text)
        .map_err(|()| credential_error(format!("{FILE_NAME} in Easel's home is damaged")))?;
    Ok(stored.map(|stored| (stored, file.was_exposed)))
}

/// Writes the key, completely or not at all: a temporary file, which only the owner can read from the start, replaces
/// the old one.
pub(super) fn write(home: &Path, key: &StoredKey) -> Result<(), CredentialError> {
    let text = key.to_text()?;
    replace(home, text.expose_secret().as_bytes()).map_err(|error| io_error("write", &error))
}

fn replace(home: &Path, text: &[u8]) -> io::Result<()> {
    // The name is always the same, so that no key stays in a file that a dead process has left.
    remove_if_exists(&home.join(NEW_FILE_NAME))?;
    let mut staged =
        private_file::create_temporary(tempfile::Builder::new().prefix(NEW_FILE_NAME).rand_bytes(0), home)?;
    staged.write_all(text)?;
    staged.as_file().sync_all()?;
    staged.persist(home.join(FILE_NAME)).map_err(|error| error.error)?;
    // The name is durable once its folder is. On systems that cannot open a folder, the file system ensures that.
    File::open(home).map_or(Ok(()), |folder| folder.sync_all())
}

/// Removes the file, and what a process that died while it wrote the file has left. Returns whether there was a file.
pub(super) fn remove(home: &Path) -> Result<bool, CredentialError> {
    remove_if_exists(&home.join(NEW_FILE_NAME))
        .and_then(|_| remove_if_exists(&home.join(FILE_NAME)))
        .map_err(|error| io_error("remove", &error))
}

/// Removes a file. Returns whether there was one.
fn remove_if_exists(path: &Path) -> io::Result<bool> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Creates an error from one of the operating system, which never quotes the content of a file.
fn io_error(verb: &str, error: &io::Error) -> CredentialError {
    credential_error(format!("cannot {verb} {FILE_NAME} in Easel's home: {error}"))
}
