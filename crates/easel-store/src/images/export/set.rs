//! Writes several files into a folder of the client: all or none.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use easel_imagegen::port::StorageError;

use super::ExistingFile;
use super::placement::Placement;
use super::staging::Staging;
use super::target::{self, PathError};
use crate::error::Error;
use crate::home::Home;

/// A file of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileOfSet {
    /// The path below the folder of the set, with at most one folder of its own.
    pub path: PathBuf,
    /// The content.
    pub bytes: Vec<u8>,
}

/// Why a set was not written. None of its files was.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// The folder cannot be used.
    #[error(transparent)]
    Folder(PathError),
    /// A file of the set cannot be written.
    #[error("{} {reason}", path.display())]
    File {
        /// The path below the folder of the set.
        path: PathBuf,
        /// What is wrong with it.
        reason: PathError,
    },
    /// Something could not be written.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<Error> for SetError {
    fn from(error: Error) -> Self {
        Self::Storage(error.into())
    }
}

/// Checks that files can be written to these paths below `folder`, and returns the folder with its links resolved.
pub(crate) fn check_set<'a>(
    home: &Home,
    folder: &Path,
    cwd: &Path,
    paths: impl IntoIterator<Item = &'a Path>,
    existing: ExistingFile,
) -> Result<PathBuf, SetError> {
    let folder = target::resolve_folder(home, folder, cwd)
        .map_err(|error| SetError::Folder(if error == PathError::NoFolder { PathError::NotFolder } else { error }))?;
    for path in paths {
        check_parent(&folder, path)?;
        let refuse = |reason| SetError::File { path: path.to_owned(), reason };
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        target::check_name(name).map_err(refuse)?;
        target::check_existing(&folder.join(path), existing).map_err(refuse)?;
    }
    Ok(folder)
}

/// Checks that the folder of a file is no link, which would lead to a folder that was not checked.
fn check_parent(folder: &Path, path: &Path) -> Result<(), SetError> {
    let parent = folder.join(path.parent().unwrap_or(Path::new("")));
    if parent.symlink_metadata().is_ok_and(|found| !found.is_dir()) {
        return Err(SetError::File { path: path.to_owned(), reason: PathError::NotRegular });
    }
    Ok(())
}

/// Writes the files below a folder from [`check_set`], and returns their paths.
///
/// They are written to a hidden folder first, so a full disk or the end of the process leaves no part of the set. Then
/// each gets its name. If one fails, the others are removed again, and replaced files are put back. One that cannot be
/// put back is kept, and the error says where.
pub(crate) fn write_set(folder: &Path, files: &[FileOfSet], existing: ExistingFile) -> Result<Vec<PathBuf>, SetError> {
    target::check_still_resolved(folder).map_err(SetError::Folder)?;
    files.iter().try_for_each(|file| check_parent(folder, &file.path))?;
    let staging = Staging::create(folder).map_err(Error::io("write to the folder", folder))?;
    for (number, file) in files.iter().enumerate() {
        let path = staging.file(number);
        write_synced(&path, &file.bytes).map_err(Error::io("write the file", &folder.join(&file.path)))?;
    }
    let mut placement = Placement::new(staging, folder, existing);
    for (number, file) in files.iter().enumerate() {
        if let Err(error) = placement.place(number, &file.path) {
            let is_taken = error.kind() == io::ErrorKind::AlreadyExists;
            let error = placement.undo(Error::io("write the file", &folder.join(&file.path))(error));
            if is_taken && !matches!(error, Error::ReplacedKept { .. }) {
                return Err(SetError::File { path: file.path.clone(), reason: PathError::Exists });
            }
            return Err(error.into());
        }
    }
    if let Err(error) = placement.sync() {
        return Err(placement.undo(Error::io("write to the folder", folder)(error)).into());
    }
    Ok(files.iter().map(|file| folder.join(&file.path)).collect())
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
