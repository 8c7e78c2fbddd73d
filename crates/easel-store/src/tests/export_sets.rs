//! Sets of files in a folder of the client: all or none, whatever is in the way.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use easel_imagegen::port::StorageErrorKind;
use easel_protocol::record::MediaType;

use super::full_disk::SmallDisk;
use crate::images::export::{self, ExistingFile, ExportError, FileOfSet, PathError, SetError};

fn set(files: &[(&str, &[u8])]) -> Vec<FileOfSet> {
    files.iter().map(|(path, bytes)| FileOfSet { path: path.into(), bytes: bytes.to_vec() }).collect()
}

fn write_set(folder: &Path, files: &[FileOfSet], existing: ExistingFile) -> Result<Vec<PathBuf>, SetError> {
    export::write_set(&dunce::canonicalize(folder).unwrap(), files, existing)
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn set_is_written_beside_other_files() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine.txt"), "mine").unwrap();
    let files = set(&[("a.png", b"a"), ("inner/b.png", b"b")]);
    let paths = write_set(folder.path(), &files, ExistingFile::Keep).unwrap();
    let resolved = dunce::canonicalize(folder.path()).unwrap();
    assert_eq!(paths, ["a.png", "inner/b.png"].map(|path| resolved.join(path)));
    assert_eq!(names(folder.path()), ["a.png", "inner", "mine.txt"]);
    assert_eq!(fs::read(&paths[1]).unwrap(), b"b");
}

#[test]
fn file_in_the_way_leaves_nothing_of_the_set() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("c.png"), "mine").unwrap();
    let files = set(&[("a.png", b"a"), ("inner/b.png", b"b"), ("c.png", b"c")]);
    let refused = write_set(folder.path(), &files, ExistingFile::Keep).unwrap_err();
    assert_eq!(refused.to_string(), "c.png already exists; set `overwrite` to replace it");
    assert_eq!(names(folder.path()), ["c.png"]);
    assert_eq!(fs::read(folder.path().join("c.png")).unwrap(), b"mine");
}

#[test]
fn replaced_files_come_back_when_a_later_one_fails() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.png"), "old").unwrap();
    // A folder cannot be replaced by a file.
    fs::create_dir(folder.path().join("b.png")).unwrap();
    let files = set(&[("a.png", b"new"), ("b.png", b"new")]);
    let refused = write_set(folder.path(), &files, ExistingFile::Replace).unwrap_err();
    assert!(matches!(refused, SetError::Storage(_)), "{refused:?}");
    assert_eq!(fs::read(folder.path().join("a.png")).unwrap(), b"old");
    assert_eq!(names(folder.path()), ["a.png", "b.png"]);
}

#[test]
fn existing_files_are_replaced_on_request() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.png"), "old").unwrap();
    let files = set(&[("a.png", b"new"), ("b.png", b"new")]);
    write_set(folder.path(), &files, ExistingFile::Replace).unwrap();
    assert_eq!(fs::read(folder.path().join("a.png")).unwrap(), b"new");
    assert_eq!(names(folder.path()), ["a.png", "b.png"]);
}

#[test]
fn full_disk_leaves_nothing_of_the_set() {
    let Some(disk) = SmallDisk::mount() else { return };
    let (one, two) = (vec![1; 600_000], vec![2; 600_000]);
    let files = set(&[("a.png", &one), ("b.png", &two)]);
    let refused = write_set(disk.path(), &files, ExistingFile::Keep).unwrap_err();
    let SetError::Storage(error) = refused else { panic!("{refused}") };
    assert_eq!(error.kind(), StorageErrorKind::DiskFull);
    assert_eq!(names(disk.path()), [""; 0]);
}

#[test]
fn next_set_removes_what_dead_processes_left() {
    let folder = tempfile::tempdir().unwrap();
    let [dead, early, live] = ["dead", "early", "live"].map(|name| folder.path().join(format!(".easel-export-{name}")));
    for left in [&dead, &early, &live] {
        fs::create_dir(left).unwrap();
    }
    for left in [&dead, &live] {
        fs::write(left.join("lock"), "").unwrap();
        fs::write(left.join("0"), "half of a file").unwrap();
    }
    let lock = File::open(live.join("lock")).unwrap();
    lock.lock().unwrap();
    write_set(folder.path(), &set(&[("a.png", b"a")]), ExistingFile::Keep).unwrap();
    assert_eq!(names(folder.path()), [".easel-export-live", "a.png"]);
    drop(lock);
    write_set(folder.path(), &set(&[("b.png", b"b")]), ExistingFile::Keep).unwrap();
    assert_eq!(names(folder.path()), ["a.png", "b.png"]);
}

#[test]
fn replaced_files_of_a_dead_process_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let [replaced, before] = ["replaced", "before"].map(|name| folder.path().join(format!(".easel-export-{name}")));
    for left in [&replaced, &before] {
        fs::create_dir(left).unwrap();
        fs::write(left.join("lock"), "").unwrap();
        fs::write(left.join("old-0"), "old").unwrap();
    }
    // This process died before the new content got the name of the old file.
    fs::write(before.join("0"), "new").unwrap();
    for name in ["a.png", "b.png"] {
        write_set(folder.path(), &set(&[(name, b"a")]), ExistingFile::Keep).unwrap();
        assert_eq!(fs::read(replaced.join("old-0")).unwrap(), b"old");
        assert!(!before.exists());
    }
}

#[cfg(unix)]
#[test]
fn folder_that_became_a_link_is_not_written() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let folder_path = dunce::canonicalize(folder.path()).unwrap();
    let home = crate::home::Home::new(folder_path.join("home"));
    let keep = ExistingFile::Keep;
    let [inner, moved] = ["inner", "moved"].map(|name| folder_path.join(name));
    fs::create_dir(&inner).unwrap();
    let checked = export::check_set(&home, &inner, &folder_path, [Path::new("a.png")], keep).unwrap();
    let path = export::check(&home, &inner.join("a.png"), &folder_path, MediaType::Png, keep).unwrap();
    fs::rename(&inner, &moved).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), &inner).unwrap();
    let refused = export::write_set(&checked, &set(&[("a.png", b"a")]), keep).unwrap_err();
    assert!(matches!(refused, SetError::Folder(PathError::Moved)), "{refused:?}");
    let refused = export::write(&b"a"[..], path, keep).unwrap_err();
    assert!(matches!(refused, ExportError::Path(PathError::Moved)), "{refused:?}");
    let files = set(&[("inner/a.png", b"a")]);
    let refused = export::write_set(&folder_path, &files, keep).unwrap_err();
    assert_eq!(refused.to_string(), "inner/a.png exists and is not a regular file");
    assert_eq!(names(elsewhere.path()), [""; 0]);
}

#[cfg(unix)]
#[test]
fn link_in_place_of_an_inner_folder_is_refused() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let home = crate::home::Home::new(elsewhere.path().join("home"));
    std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("inner")).unwrap();
    let paths = [Path::new("inner/a.png")];
    let refused = export::check_set(&home, folder.path(), folder.path(), paths, ExistingFile::Replace).unwrap_err();
    assert_eq!(refused.to_string(), "inner/a.png exists and is not a regular file");
}
