//! Replaces a file as a whole.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::{os, private_file};

/// Replaces the contents of a file atomically and durably. An existing file keeps its mode; a new one gets mode 0600.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let parent = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut file = create_new_file(path)?;
    file.write_all(bytes)?;
    if let Ok(metadata) = fs::metadata(path) {
        file.as_file().set_permissions(metadata.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(path)?;
    os::flush_folder(parent)
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
