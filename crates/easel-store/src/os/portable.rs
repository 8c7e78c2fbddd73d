//! The versions for Windows and every other system that is not Unix.

use std::time::SystemTime;

use super::*;

/// Resolves the path, opens it, and resolves it again. The file is returned only if it is the one at a path without
/// links below the root, whatever was swapped meanwhile.
pub(super) fn open_beneath(root: &Path, relative: &Path) -> io::Result<File> {
    let path = dunce::canonicalize(root.join(relative))?;
    if !path.starts_with(dunce::canonicalize(root)?) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    if !path.symlink_metadata()?.is_file() {
        return Err(not_regular_error());
    }
    let file = File::open(&path)?;
    let is_same = same_file::Handle::from_file(file.try_clone()?)? == same_file::Handle::from_path(&path)?;
    // A part of the path may have been replaced by a link while the file was opened.
    if !is_same || dunce::canonicalize(&path)? != path {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    Ok(file)
}

pub(super) fn open_plain(path: &Path) -> io::Result<File> {
    if !path.metadata()?.is_file() {
        return Err(not_regular_error());
    }
    File::open(path)
}

pub(crate) fn clone_file(_from: &File, _to: &File) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

pub(super) fn create_one_private_folder(path: &Path) -> io::Result<()> {
    fs::create_dir(path)
}

pub(super) fn own_folder_name() -> String {
    "easel".into()
}

/// The temporary folder is in the user's own profile, so it is private.
pub(super) fn is_private(_metadata: &Metadata) -> bool {
    true
}

pub(super) fn is_own(_metadata: &Metadata) -> bool {
    true
}

pub(crate) fn create_private_file(path: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).read(true).write(true).open(path)
}

pub(crate) fn make_private(_file: &File) -> io::Result<()> {
    Ok(())
}

pub(crate) fn create_visible_file(folder: &Path) -> io::Result<NamedTempFile> {
    hidden_names().tempfile_in(folder)
}

pub(crate) fn create_unnamed_file(_folder: &Path) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn link_file(_file: &File, _path: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// What tells a file from another one that has its name later, as far as the standard library knows: its length, and
/// when it was changed. Windows may give a new file the creation time of the one that had its name before.
pub(crate) type FileIdentity = (u64, Option<SystemTime>);

pub(crate) fn file_identity(path: &Path) -> io::Result<FileIdentity> {
    let metadata = path.symlink_metadata()?;
    Ok((metadata.len(), metadata.modified().ok()))
}
