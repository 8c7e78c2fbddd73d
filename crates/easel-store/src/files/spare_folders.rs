//! Folders outside the home for generated images when its disk fails: the system's temporary folder, then on Linux
//! shared memory, which works even if all disks are full. They are tried in this order.
//!
//! Other users write to these folders too, so each user has a private folder there. If another user has taken its name,
//! the shared folder itself is used: a file there is also created for its user only, and nobody else can replace it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::hashing_writer::HashingWriter;
use super::staged;
use super::unfinished::{FileState, UnfinishedFile, tag_of_kept_file, unfinished_files};
use crate::error::Error;
use crate::os;

/// Prefix of the names of kept images.
const PREFIX: &str = "easel-";

/// Returns the folders that all users share, in the order in which they are tried.
pub(crate) fn shared_folders() -> Vec<PathBuf> {
    let mut shared = vec![std::env::temp_dir()];
    shared.extend(os::SHARED_MEMORY.map(PathBuf::from));
    shared
}

/// Creates a file in the user's folder below a shared one, or in the shared one.
pub(crate) fn create(shared: &Path, prefix: &str) -> io::Result<HashingWriter> {
    let folder = os::create_own_folder(shared);
    HashingWriter::create(folder.as_deref().unwrap_or(shared), prefix)
}

/// Returns the name, without number and extension, of an image that is kept in a spare folder. Users read it, and
/// recovery finds the image by the tag.
pub(crate) fn kept_name(name: &str, tag: &str) -> String {
    format!("{PREFIX}{name}.{tag}")
}

/// Returns the complete images of a call that a process of this user left in spare folders.
///
/// # Errors
/// If a spare folder cannot be read, for another reason than its permissions.
pub(crate) fn images_of_call(tag: &str) -> Result<Vec<UnfinishedFile>, Error> {
    let mut found = Vec::new();
    for shared in shared_folders() {
        for folder in os::own_folder(&shared).iter().chain([&shared]) {
            match images_in(folder, tag) {
                // A folder that this user cannot read has no files of this user.
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) => {}
                images => found.extend(images.map_err(Error::io("read the folder", folder))?),
            }
        }
    }
    Ok(found)
}

fn images_in(folder: &Path, tag: &str) -> io::Result<Vec<UnfinishedFile>> {
    let mut found: Vec<_> = unfinished_files(folder)?
        .into_iter()
        .filter(|file| file.state == FileState::Staged && file.call_tag.as_deref() == Some(tag))
        .collect();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let has_prefix = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(PREFIX));
        if has_prefix && tag_of_kept_file(&path) == Some(tag) {
            let (owner, call_tag) = (String::new(), Some(tag.to_owned()));
            found.push(UnfinishedFile { path, owner, call_tag, state: FileState::Staged });
        }
    }
    found.retain(|file| os::is_own_file(&file.path));
    Ok(found)
}

/// Copies an image from a spare folder to the folder of its thread, flushed and under a staged name. The caller removes
/// the original.
pub(crate) fn copy_home(image: &Path, folder: &Path, prefix: &str) -> io::Result<PathBuf> {
    os::create_private_folder(folder)?;
    let mut source = os::open_regular(image)?;
    let mut copy = HashingWriter::create(folder, prefix)?;
    io::copy(&mut source, &mut copy)?;
    copy.flush()?;
    let (file, _) = copy.finish()?;
    staged::keep_staged(file.into_temp_path())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::files::unfinished::call_tag;

    #[test]
    fn own_folder_is_private_and_created_once() {
        let shared = tempfile::tempdir().unwrap();
        assert_eq!(os::own_folder(shared.path()), None);
        let folder = os::create_own_folder(shared.path()).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(os::create_own_folder(shared.path()).as_ref(), Some(&folder));
        assert_eq!(os::own_folder(shared.path()), Some(folder));
    }

    #[test]
    fn folder_that_others_can_enter_is_not_used() {
        let shared = tempfile::tempdir().unwrap();
        let folder = os::create_own_folder(shared.path()).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(os::create_own_folder(shared.path()), None, "others can look into it");
        fs::remove_dir(&folder).unwrap();
        fs::create_dir(shared.path().join("trap")).unwrap();
        symlink(shared.path().join("trap"), &folder).unwrap();
        assert_eq!(os::create_own_folder(shared.path()), None, "a link leads elsewhere");
        fs::remove_file(&folder).unwrap();
        fs::write(&folder, "").unwrap();
        assert_eq!(os::create_own_folder(shared.path()), None, "a file");
    }

    #[test]
    fn finds_regular_files_of_the_call_only() {
        let folder = tempfile::tempdir().unwrap();
        let (tag, other) = (call_tag("t", "c"), call_tag("t", "d"));
        let path = |name: &str| folder.path().join(name);
        for name in [format!(".o.{tag}.abc.staged"), format!("easel-c.{tag}.png"), format!(".o.{tag}.abc.part")] {
            fs::write(path(&name), "").unwrap();
        }
        for name in [format!("easel-d.{other}.png"), format!("holiday.{tag}.png"), ".o.abc.staged".to_owned()] {
            fs::write(path(&name), "").unwrap();
        }
        symlink("/etc/passwd", path(&format!("easel-c.{tag}-2.png"))).unwrap();
        let found = images_in(folder.path(), &tag).unwrap();
        let names: Vec<_> = found.iter().map(|file| file.path.file_name().unwrap().to_string_lossy()).collect();
        assert_eq!(names, [format!(".o.{tag}.abc.staged"), format!("easel-c.{tag}.png")]);
    }
}
