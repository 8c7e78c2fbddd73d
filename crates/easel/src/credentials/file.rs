//! The stored login: one small file in the home that its owner alone can read.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use easel_provider::{CredentialError, Secret};
use serde::{Deserialize, Serialize};

/// The file's name in the home.
pub(crate) const NAME: &str = "auth.json";

/// Bytes of a key; real ones have a few hundred.
pub(super) const LONGEST_KEY: usize = 4_096;

/// Bytes that are read of the file.
const LONGEST_FILE: u64 = 64 * 1024;

#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(rename = "OPENAI_API_KEY")]
    openai_api_key: Option<String>,
}

/// The key in the file; `None` when there is no file or no key in it.
pub(super) fn read(home: &Path) -> Result<Option<Secret>, CredentialError> {
    let text = match read_text(&home.join(NAME)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", &error)),
    };
    // Neither the parser's message nor the text is repeated: both may hold the key.
    let stored: Stored = serde_json::from_str(&text)
        .map_err(|_| CredentialError { message: format!("{NAME} in Easel's home is not what a login writes") })?;
    let key = stored.openai_api_key.map(|key| key.trim().to_owned());
    Ok(key.filter(|key| !key.is_empty() && key.len() <= LONGEST_KEY).map(Secret::new))
}

fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(LONGEST_FILE).read_to_string(&mut text)?;
    Ok(text)
}

/// Puts the key in the file, whole or not at all: a temporary file, which only the owner can read from its first byte,
/// takes the old one's place.
pub(super) fn write(home: &Path, key: &Secret) -> Result<(), CredentialError> {
    let stored = Stored { openai_api_key: Some(key.expose().to_owned()) };
    let text = serde_json::to_vec(&stored).map_err(|error| failed("write", &error.into()))?;
    replace(home, &text).map_err(|error| failed("write", &error))
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
    CredentialError { message: format!("cannot {verb} {NAME} in Easel's home: {}", error.kind()) }
}
