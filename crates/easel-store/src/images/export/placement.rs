//! Gives the files of a set their names, and takes the names back if one fails.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::ExistingFile;
use super::staging::Staging;
use crate::error::{Error, KeptFile};
use crate::os::{self, FileIdentity};

/// A file that has its name.
struct Placed {
    number: usize,
    path: PathBuf,
    identity: FileIdentity,
    /// Whether it has replaced another file.
    replaces: bool,
}

/// The files that have their names.
pub(super) struct Placement<'a> {
    staging: Staging,
    folder: &'a Path,
    existing: ExistingFile,
    placed: Vec<Placed>,
    /// Folders that did not exist.
    folders: Vec<PathBuf>,
}

impl<'a> Placement<'a> {
    /// Begins to give names in `folder` to the files of `staging`.
    pub(super) fn new(staging: Staging, folder: &'a Path, existing: ExistingFile) -> Self {
        Self { staging, folder, existing, placed: Vec::new(), folders: Vec::new() }
    }

    /// Gives a file its name, below the folder.
    pub(super) fn place(&mut self, number: usize, relative: &Path) -> io::Result<()> {
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
    pub(super) fn sync(&self) -> io::Result<()> {
        self.folders.iter().try_for_each(|folder| os::sync_folder(folder))?;
        let parents = self.placed.iter().filter_map(|placed| placed.path.parent());
        parents.into_iter().try_for_each(os::sync_folder)?;
        os::sync_folder(self.folder)
    }

    /// Removes the files and folders, and puts back what was replaced. A file that another program has put in the place
    /// of one meanwhile stays. Returns `failure`, with the replaced files that could not be put back, if any.
    pub(super) fn undo(self, failure: Error) -> Error {
        let mut kept = Vec::new();
        for Placed { number, path, identity, replaces } in self.placed.iter().rev() {
            let backup = self.staging.backup(*number);
            let undone = if os::file_identity(path).ok().as_ref() != Some(identity) {
                Err(io::Error::other("another program has replaced or removed it"))
            } else if *replaces {
                fs::rename(&backup, path)
            } else {
                fs::remove_file(path)
            };
            if let Err(error) = undone {
                tracing::error!(%error, ?path, "a file of an incomplete set could not be removed");
                if *replaces {
                    kept.push(KeptFile { path: path.clone(), kept: backup });
                }
            }
        }
        for folder in &self.folders {
            // Another program may have put a file there.
            let _ = fs::remove_dir(folder);
        }
        if kept.is_empty() {
            return failure;
        }
        self.staging.keep();
        Error::ReplacedKept { files: kept, source: Box::new(failure) }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use easel_imagegen::port::StorageError;

    use super::*;

    /// Gives names to files with the content `new`.
    fn place<'a>(folder: &'a Path, existing: ExistingFile, names: &[&str]) -> Placement<'a> {
        let staging = Staging::create(folder).unwrap();
        let mut placement = Placement::new(staging, folder, existing);
        for (number, name) in names.iter().enumerate() {
            fs::write(placement.staging.file(number), "new").unwrap();
            placement.place(number, Path::new(name)).unwrap();
        }
        placement
    }

    fn failure() -> Error {
        Error::io("write the file", Path::new("c.png"))(io::ErrorKind::StorageFull.into())
    }

    /// As an editor saves a file: another one takes its name.
    fn save_as_editors_do(path: &Path) {
        let saved = path.with_extension("saved");
        fs::write(&saved, "a drawing").unwrap();
        fs::rename(&saved, path).unwrap();
    }

    /// The only replaced file that was kept.
    fn only_kept(error: Error) -> KeptFile {
        let Error::ReplacedKept { mut files, source } = error else { panic!("{error}") };
        assert!(matches!(*source, Error::Io { .. }), "{source}");
        assert_eq!(files.len(), 1, "{files:?}");
        files.remove(0)
    }

    #[test]
    fn failed_set_removes_only_its_own_files() {
        let folder = tempfile::tempdir().unwrap();
        let placement = place(folder.path(), ExistingFile::Keep, &["mine.png", "theirs.png"]);
        let [mine, theirs] = ["mine.png", "theirs.png"].map(|name| folder.path().join(name));
        save_as_editors_do(&theirs);
        assert!(matches!(placement.undo(failure()), Error::Io { .. }));
        assert!(!mine.exists());
        assert_eq!(fs::read(theirs).unwrap(), b"a drawing");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was kept");
    }

    #[test]
    fn old_file_that_cannot_be_put_back_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let [a, b] = ["a.png", "b.png"].map(|name| folder.path().join(name));
        for path in [&a, &b] {
            fs::write(path, "old").unwrap();
        }
        let placement = place(folder.path(), ExistingFile::Replace, &["a.png", "b.png"]);
        // No rename replaces a file on which something is mounted.
        let mounted = Command::new("mount").arg("--bind").args([&a, &a]).output();
        if !mounted.is_ok_and(|output| output.status.success()) {
            easel_testkit::skip("full-disk", "a file cannot be mounted on itself");
            return;
        }
        let error = placement.undo(failure());
        assert!(Command::new("umount").arg(&a).status().unwrap().success());
        let KeptFile { path, kept } = only_kept(error);
        assert_eq!((&path, fs::read(&kept).unwrap()), (&a, b"old".to_vec()));
        assert_eq!(fs::read(b).unwrap(), b"old");
        drop(place(folder.path(), ExistingFile::Replace, &["a.png"]));
        assert_eq!(fs::read(kept).unwrap(), b"old", "the next export keeps it too");
    }

    #[test]
    fn old_file_is_kept_if_another_program_saved_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        fs::write(&path, "old").unwrap();
        let placement = place(folder.path(), ExistingFile::Replace, &["a.png"]);
        save_as_editors_do(&path);
        let error = StorageError::from(placement.undo(failure()));
        assert_eq!(fs::read(&path).unwrap(), b"a drawing");
        let message = error.client_message();
        let old = message.split('"').nth(3).expect("the path of the old file");
        assert_eq!(fs::read(old).unwrap(), b"old", "{message}");
        assert!(message.starts_with("Easel could not write the file: the disk is full."), "{message}");
    }
}
