//! Unix: file modes and owners.

use std::fs::{DirBuilder, File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::lock_file_options;

/// Makes the names in a folder durable.
pub(crate) fn flush_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Creates a folder and its missing parents with mode 0700.
pub(crate) fn create_private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Opens the file with mode 0600, because any user who can open a file can lock it and keep it locked.
pub(crate) fn open_lock_file(path: &Path) -> io::Result<File> {
    let file = lock_file_options().mode(0o600).open(path)?;
    if is_exposed(&file)? {
        make_private(path, &file)?;
    }
    Ok(file)
}

/// Returns false: a file can be replaced while others have it open.
pub(crate) fn is_in_use(_error: &io::Error) -> bool {
    false
}

/// Returns whether other users may do anything with the file.
pub(crate) fn is_exposed(file: &File) -> io::Result<bool> {
    Ok(file.metadata()?.permissions().mode() & 0o077 != 0)
}

/// Takes all access from other users.
pub(crate) fn make_private(_path: &Path, file: &File) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(0o600))
}

/// Returns whether another user owns the file.
pub(crate) fn is_foreign(file: &File) -> io::Result<bool> {
    Ok(has_other_owner(&file.metadata()?))
}

/// Returns whether another user owns what the path names, or the symbolic link that it is.
pub(crate) fn is_foreign_path(path: &Path) -> bool {
    [path.symlink_metadata(), path.metadata()].iter().flatten().any(has_other_owner)
}

/// Returns whether this process may read the files of every user.
pub(crate) fn is_superuser() -> bool {
    rustix::process::geteuid().is_root()
}

fn has_other_owner(metadata: &Metadata) -> bool {
    metadata.uid() != rustix::process::geteuid().as_raw()
}
