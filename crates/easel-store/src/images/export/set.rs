//! Writes several files into a folder of the client: all or none.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use easel_imagegen::port::StorageError;
use tempfile::TempPath;

use super::ExistingFile;
use super::staging::Staging;
use super::target::{self, PathError};
use crate::error::Error;
use crate::home::Home;
use crate::os::{self, FileIdentity};

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
/// each gets its name. If one fails, the others are removed again, and replaced files are put back.
pub(crate) fn write_set(folder: &Path, files: &[FileOfSet], existing: ExistingFile) -> Result<Vec<PathBuf>, SetError> {
    target::check_still_resolved(folder).map_err(SetError::Folder)?;
    files.iter().try_for_each(|file| check_parent(folder, &file.path))?;
    let staging = Staging::create(folder).map_err(Error::io("write to the folder", folder))?;
    for (number, file) in files.iter().enumerate() {
        let path = staging.file(number);
        write_synced(&path, &file.bytes).map_err(Error::io("write the file", &folder.join(&file.path)))?;
    }
    let mut placement = Placement { staging: &staging, folder, existing, placed: Vec::new(), folders: Vec::new() };
    for (number, file) in files.iter().enumerate() {
        if let Err(error) = placement.place(number, &file.path) {
            placement.undo();
            if error.kind() == io::ErrorKind::AlreadyExists {
                return Err(SetError::File { path: file.path.clone(), reason: PathError::Exists });
            }
            return Err(Error::io("write the file", &folder.join(&file.path))(error).into());
        }
    }
    if let Err(error) = placement.sync() {
        placement.undo();
        return Err(Error::io("write to the folder", folder)(error).into());
    }
    Ok(files.iter().map(|file| folder.join(&file.path)).collect())
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A file that has its name.
struct Placed {
    number: usize,
    path: PathBuf,
    identity: FileIdentity,
    /// Whether it has replaced another file.
    replaces: bool,
}

/// The files that have their names.
struct Placement<'a> {
    staging: &'a Staging,
    folder: &'a Path,
    existing: ExistingFile,
    placed: Vec<Placed>,
    /// Folders that did not exist.
    folders: Vec<PathBuf>,
}

impl Placement<'_> {
    fn place(&mut self, number: usize, relative: &Path) -> io::Result<()> {
        let path = self.folder.join(relative);
        let parent = path.parent().unwrap_or(self.folder);
        match fs::create_dir(parent) {
            Ok(()) => self.folders.push(parent.to_owned()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        let backup = self.staging.backup(number);
        let replaces = self.existing == ExistingFile::Replace && path.symlink_metadata().is_ok();
        if replaces {
            // Not every file system has a second name for a file.
            fs::hard_link(&path, &backup).or_else(|_| fs::copy(&path, &backup).map(drop))?;
        }
        let identity = os::file_identity(&self.staging.file(number))?;
        let unfinished = TempPath::try_from_path(self.staging.file(number))?;
        if replaces {
            unfinished.persist(&path)?;
        } else {
            unfinished.persist_noclobber(&path)?;
        }
        self.placed.push(Placed { number, path, identity, replaces });
        Ok(())
    }

    /// Waits until the names are on the disk.
    fn sync(&self) -> io::Result<()> {
        self.folders.iter().try_for_each(|folder| os::sync_folder(folder))?;
        let parents = self.placed.iter().filter_map(|placed| placed.path.parent());
        parents.into_iter().try_for_each(os::sync_folder)?;
        os::sync_folder(self.folder)
    }

    /// Removes the files and folders, and puts back what was replaced. A file that another program has put in the place
    /// of one meanwhile stays.
    fn undo(&self) {
        for Placed { number, path, identity, replaces } in self.placed.iter().rev() {
            if os::file_identity(path).ok().as_ref() != Some(identity) {
                tracing::warn!(?path, "a file of an incomplete set was replaced by another program, and stays");
                continue;
            }
            let undone = if *replaces { fs::rename(self.staging.backup(*number), path) } else { fs::remove_file(path) };
            if let Err(error) = undone {
                tracing::error!(%error, ?path, "a file of an incomplete set could not be removed");
            }
        }
        for folder in &self.folders {
            // Another program may have put a file there.
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_set_removes_only_its_own_files() {
        let folder = tempfile::tempdir().unwrap();
        let staging = Staging::create(folder.path()).unwrap();
        let (mine, theirs) = (Path::new("mine.png"), Path::new("theirs.png"));
        let existing = ExistingFile::Keep;
        let mut placement =
            Placement { staging: &staging, folder: folder.path(), existing, placed: Vec::new(), folders: Vec::new() };
        for (number, path) in [mine, theirs].into_iter().enumerate() {
            write_synced(&staging.file(number), b"a picture").unwrap();
            placement.place(number, path).unwrap();
        }
        // As an editor saves a file: another one takes its name.
        let saved = folder.path().join("saved");
        fs::write(&saved, "a drawing").unwrap();
        fs::rename(&saved, folder.path().join(theirs)).unwrap();
        placement.undo();
        assert!(!folder.path().join(mine).exists());
        assert_eq!(fs::read(folder.path().join(theirs)).unwrap(), b"a drawing");
    }
}
