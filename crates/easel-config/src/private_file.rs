//! Files with a secret, which only their owner may read, like the keys of ssh.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::os;

/// The content of a file with a secret.
pub struct PrivateFile {
    /// The content.
    pub text: String,
    /// Whether other users could read the file.
    pub was_exposed: bool,
}

/// Reads at most `max_len` bytes of a file of Easel's, and makes it private if other users could read it.
///
/// # Errors
/// [`io::ErrorKind::PermissionDenied`] if the file belongs to another user or cannot be made private, and other errors
/// of the operating system.
pub fn read(path: &Path, max_len: u64) -> io::Result<PrivateFile> {
    let file = open(path)?;
    let was_exposed = os::is_exposed(&file)?;
    // Root may read the files of others.
    if !os::is_superuser() && os::is_foreign(&file)? {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to another user"));
    }
    if was_exposed {
        os::make_private(path, &file)?;
    }
    Ok(PrivateFile { text: read_text(file, max_len)?, was_exposed })
}

/// Reads at most `max_len` bytes of a file that the user named. Its permissions stay as they are: the file may be
/// mounted for this process, under other rules.
///
/// # Errors
/// Those of the operating system.
pub fn read_unchanged(path: &Path, max_len: u64) -> io::Result<PrivateFile> {
    let file = open(path)?;
    let was_exposed = os::is_exposed(&file)?;
    Ok(PrivateFile { text: read_text(file, max_len)?, was_exposed })
}

/// Creates an empty temporary file in a folder, which only its owner can read. It is removed on drop, unless it is
/// persisted under another name.
///
/// # Errors
/// Those of the operating system.
pub fn create_temporary(names: &tempfile::Builder<'_, '_>, folder: &Path) -> io::Result<NamedTempFile> {
    let created = names.tempfile_in(folder)?;
    // On Windows a file begins with the access rules of its folder, which may be wider than those of a new home.
    if os::is_exposed(created.as_file())? {
        os::make_private(created.path(), created.as_file())?;
    }
    Ok(created)
}

fn open(path: &Path) -> io::Result<File> {
    // Checked before the file is opened, because opening a pipe would wait for a writer.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    File::open(path)
}

fn read_text(file: File, max_len: u64) -> io::Result<String> {
    let mut text = String::new();
    file.take(max_len).read_to_string(&mut text)?;
    Ok(text)
}
