//! The portable version: files have no owner and no access rules that are known.

use std::fs::File;
use std::io;
use std::path::Path;

use super::lock_file_options;

/// Does nothing: folders cannot be opened.
pub(crate) fn flush_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Creates a folder and its missing parents.
pub(crate) fn create_private_folder(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)
}

/// Opens the file.
pub(crate) fn open_lock_file(path: &Path) -> io::Result<File> {
    lock_file_options().open(path)
}

/// Returns false: a file can be replaced while others have it open.
pub(crate) fn is_in_use(_error: &io::Error) -> bool {
    false
}

/// Returns false, because access rules are unknown.
pub(crate) fn is_exposed(_file: &File) -> io::Result<bool> {
    Ok(false)
}

/// Does nothing.
pub(crate) fn make_private(_path: &Path, _file: &File) -> io::Result<()> {
    Ok(())
}

/// Returns false, because owners are unknown.
pub(crate) fn is_foreign(_file: &File) -> io::Result<bool> {
    Ok(false)
}

/// Returns false, because owners are unknown.
pub(crate) fn is_foreign_path(_path: &Path) -> bool {
    false
}

/// Returns false.
pub(crate) fn is_superuser() -> bool {
    false
}
