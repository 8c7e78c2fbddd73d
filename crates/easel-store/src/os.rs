//! What differs by operating system. Every function has a portable fallback.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Component, Path, PathBuf};

#[cfg(not(unix))]
use portable as platform;
use tempfile::NamedTempFile;
#[cfg(unix)]
use unix as platform;

pub(crate) use platform::{
    clone_file, create_private_file, create_private_folder, real_path, sync_folder, visible_file_in,
};

/// Opens a regular file below `root` for reading; neither `..` nor a symbolic link leads out of it, not even one that
/// is put there meanwhile. A FIFO or device is [`io::ErrorKind::InvalidInput`] and is not opened: that could wake a writer
/// or a driver. What lies outside is [`io::ErrorKind::PermissionDenied`].
pub(crate) fn open_beneath(root: &Path, relative: &Path) -> io::Result<File> {
    if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    if relative.as_os_str().is_empty() {
        return Err(not_regular());
    }
    regular(platform::open_beneath(root, relative)?)
}

/// Opens a regular file for reading, wherever it lies.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    regular(platform::open_plain(path)?)
}

/// [`own_folder`], created if it is not there.
pub(crate) fn create_own_folder(shared: &Path) -> Option<PathBuf> {
    // If it cannot be created, it is not there.
    let _ = platform::create_one_private_folder(&shared.join(platform::name_of_own_folder()));
    own_folder(shared)
}

/// The folder of this user's in one that all users share; `None` when something else has its name, or others can get into
/// it.
pub(crate) fn own_folder(shared: &Path) -> Option<PathBuf> {
    let folder = shared.join(platform::name_of_own_folder());
    let metadata = folder.symlink_metadata().ok()?;
    (metadata.is_dir() && platform::is_private(&metadata)).then_some(folder)
}

/// Whether the path names a regular file of this user's and no link.
pub(crate) fn is_own_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_file() && platform::is_own(&metadata))
}

/// This check is made on the open file, which nobody can swap.
fn regular(file: File) -> io::Result<File> {
    if file.metadata()?.is_file() { Ok(file) } else { Err(not_regular()) }
}

fn not_regular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")
}

#[cfg(not(unix))]
mod portable;
#[cfg(unix)]
mod unix;

#[cfg(test)]
#[cfg(unix)]
mod tests;
