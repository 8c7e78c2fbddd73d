//! Files that hold a secret. Only their owner may read them, as with the keys of ssh.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The text of a file that holds a secret.
pub(crate) struct Secret {
    pub(crate) text: String,
    /// Other users could read it.
    pub(crate) was_open: bool,
}

/// Reads at most so many bytes of a file of ours, and closes it to other users if they could read it.
///
/// # Errors
/// [`io::ErrorKind::PermissionDenied`] when it belongs to another user, or stays open to them.
pub(crate) fn read(path: &Path, longest: u64) -> io::Result<Secret> {
    let file = open(path)?;
    let was_open = is_open_to_others(&file)?;
    if is_of_another_user(&file)? {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to another user"));
    }
    if was_open {
        close_to_others(&file)?;
    }
    Ok(Secret { text: text(file, longest)?, was_open })
}

/// Reads a file that the user named, which is left as it is: it may be mounted for this process, with other rules.
pub(crate) fn read_as_it_is(path: &Path, longest: u64) -> io::Result<Secret> {
    let file = open(path)?;
    let was_open = is_open_to_others(&file)?;
    Ok(Secret { text: text(file, longest)?, was_open })
}

fn open(path: &Path) -> io::Result<File> {
    // Looked at before it is opened, because opening a pipe would wait for a writer.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    File::open(path)
}

fn text(file: File, longest: u64) -> io::Result<String> {
    let mut text = String::new();
    file.take(longest).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(unix)]
fn is_open_to_others(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(file.metadata()?.permissions().mode() & 0o077 != 0)
}

#[cfg(unix)]
fn close_to_others(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(PermissionsExt::from_mode(0o600))
}

/// Root may read for others.
#[cfg(unix)]
fn is_of_another_user(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let us = rustix::process::geteuid();
    Ok(!us.is_root() && file.metadata()?.uid() != us.as_raw())
}

/// Elsewhere a file has the rules of its folder, and the home's are set when it is made.
#[cfg(not(unix))]
fn is_open_to_others(_file: &File) -> io::Result<bool> {
    Ok(false)
}

#[cfg(not(unix))]
fn close_to_others(_file: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn is_of_another_user(_file: &File) -> io::Result<bool> {
    Ok(false)
}
