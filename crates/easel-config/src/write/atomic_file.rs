//! Replaces a file as a whole.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;

use crate::{os, private_file};

/// How long a change waits for those who have the file open, on systems that keep it for them.
const USE_TIMEOUT: Duration = Duration::from_secs(1);
/// The wait between two tries. Nobody tells when a file is closed.
const USE_POLL: Duration = Duration::from_millis(10);

/// Replaces the contents of a file atomically and durably. An existing file keeps its mode; a new one gets mode 0600.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let parent = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut file = create_new_file(path)?;
    file.write_all(bytes)?;
    if let Ok(metadata) = fs::metadata(path) {
        file.as_file().set_permissions(metadata.permissions())?;
    }
    file.as_file().sync_all()?;
    persist(file, path)?;
    os::flush_folder(parent)
}

/// Gives the file its name. On Windows that fails as long as another one with this name is read.
fn persist(mut file: NamedTempFile, path: &Path) -> io::Result<()> {
    let deadline = Instant::now() + USE_TIMEOUT;
    loop {
        match file.persist(path) {
            Ok(_) => return Ok(()),
            Err(refused) if os::is_in_use(&refused.error) && Instant::now() < deadline => file = refused.file,
            Err(refused) => return Err(refused.error),
        }
        thread::sleep(USE_POLL);
    }
}

/// Creates the file that will replace `path`. Its name is always the same, so that what a dead process has left is
/// replaced by the next change. Only the process that has the lock writes it.
fn create_new_file(path: &Path) -> io::Result<NamedTempFile> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let mut new_name = OsString::from(".");
    new_name.push(name);
    new_name.push(".new");
    match fs::remove_file(folder.join(&new_name)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    private_file::create_temporary(tempfile::Builder::new().prefix(&new_name).rand_bytes(0), folder)
}
