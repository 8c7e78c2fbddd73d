//! What differs by operating system, each with a portable version. No other file of this crate has code for one system
//! only.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Component, Path, PathBuf};

#[cfg(not(unix))]
use portable as platform;
use tempfile::NamedTempFile;
#[cfg(unix)]
use unix as platform;

pub(crate) use platform::{
    FileIdentity, clone_file, create_private_file, create_private_folder, create_unnamed_file, create_visible_file,
    file_identity, link_file, make_private, sync_folder,
};

/// A folder in memory that all users share.
pub(crate) const SHARED_MEMORY: Option<&str> = if cfg!(target_os = "linux") { Some("/dev/shm") } else { None };

/// Opens a regular file below `root` for reading. Neither `..` nor a symbolic link leads out of the root, not even a
/// link that another process puts there meanwhile.
///
/// # Errors
/// [`io::ErrorKind::PermissionDenied`] if the path leads outside. [`io::ErrorKind::InvalidInput`] for a FIFO or a
/// device, which is never opened, since that could wake a writer or a driver.
pub(crate) fn open_beneath(root: &Path, relative: &Path) -> io::Result<File> {
    if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    if relative.as_os_str().is_empty() {
        return Err(not_regular_error());
    }
    require_regular(platform::open_beneath(root, relative)?)
}

/// Opens a regular file for reading, wherever it is. Other kinds of file are refused as in [`open_beneath`].
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    require_regular(platform::open_plain(path)?)
}

/// Creates the last folder of a path, closed to other users, unless it exists.
///
/// # Errors
/// [`io::ErrorKind::NotADirectory`] if a symbolic link or a file is in its place; otherwise those of the file system.
pub(crate) fn ensure_private_folder(path: &Path) -> io::Result<()> {
    match platform::create_one_private_folder(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    if path.symlink_metadata()?.is_dir() { Ok(()) } else { Err(io::ErrorKind::NotADirectory.into()) }
}

/// Returns this user's folder in `shared`, as [`own_folder`] does, and creates it if it does not exist.
pub(crate) fn create_own_folder(shared: &Path) -> Option<PathBuf> {
    // A failure shows in the check that follows.
    let _ = platform::create_one_private_folder(&shared.join(platform::own_folder_name()));
    own_folder(shared)
}

/// Returns this user's folder in one that all users share. Returns `None` if it does not exist, if its name is taken,
/// or if other users can enter it.
pub(crate) fn own_folder(shared: &Path) -> Option<PathBuf> {
    let folder = shared.join(platform::own_folder_name());
    let metadata = folder.symlink_metadata().ok()?;
    (metadata.is_dir() && platform::is_private(&metadata)).then_some(folder)
}

/// Returns whether the path names a regular file of this user, and not a symbolic link.
pub(crate) fn is_own_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_file() && platform::is_own(&metadata))
}

/// Returns the builder of hidden names for temporary files in folders of the client.
pub(crate) fn hidden_names() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".easel-");
    builder
}

/// Checks the open file, which nobody can swap.
fn require_regular(file: File) -> io::Result<File> {
    if file.metadata()?.is_file() { Ok(file) } else { Err(not_regular_error()) }
}

fn not_regular_error() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")
}

#[cfg(not(unix))]
mod portable;
#[cfg(unix)]
mod unix;

#[cfg(test)]
#[cfg(unix)]
mod tests;
