//! Files with a secret, which only their owner may read, like the keys of ssh.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The content of a file with a secret.
pub(crate) struct PrivateFile {
    pub(crate) text: String,
    /// Whether other users could read the file.
    pub(crate) was_exposed: bool,
}

/// Reads at most `max_len` bytes of a file of Easel's, and makes it private if other users could read it.
///
/// # Errors
/// [`io::ErrorKind::PermissionDenied`] if the file belongs to another user or cannot be made private, and other errors
/// of the operating system.
pub(crate) fn read(path: &Path, max_len: u64) -> io::Result<PrivateFile> {
    let file = open(path)?;
    let was_exposed = is_exposed(&file)?;
    if belongs_to_another_user(&file)? {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to another user"));
    }
    if was_exposed {
        make_private(&file)?;
    }
    Ok(PrivateFile { text: read_text(file, max_len)?, was_exposed })
}

/// Reads at most `max_len` bytes of a file that the user named. Its permissions stay as they are: the file may be
/// mounted for this process, under other rules.
///
/// # Errors
/// Those of the operating system.
pub(crate) fn read_unchanged(path: &Path, max_len: u64) -> io::Result<PrivateFile> {
    let file = open(path)?;
    let was_exposed = is_exposed(&file)?;
    Ok(PrivateFile { text: read_text(file, max_len)?, was_exposed })
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

#[cfg(unix)]
fn is_exposed(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(file.metadata()?.permissions().mode() & 0o077 != 0)
}

#[cfg(unix)]
fn make_private(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(PermissionsExt::from_mode(0o600))
}

/// Returns whether the file belongs to another user. Root may read the files of others.
#[cfg(unix)]
fn belongs_to_another_user(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let us = rustix::process::geteuid();
    Ok(!us.is_root() && file.metadata()?.uid() != us.as_raw())
}

/// On other systems a file has the access rules of its folder, which are set when the home is created.
#[cfg(not(unix))]
fn is_exposed(_file: &File) -> io::Result<bool> {
    Ok(false)
}

#[cfg(not(unix))]
fn make_private(_file: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn belongs_to_another_user(_file: &File) -> io::Result<bool> {
    Ok(false)
}
