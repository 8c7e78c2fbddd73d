//! Folders outside the home for images that its disk does not take, in the order in which they are tried: in the system's
//! temporary folder, then on Linux in memory, so that there is one even where all the disks are full.
//!
//! Others write to the folders above, so each user has a folder there that nobody else can look into. Where another has
//! taken its name, the folder above serves: a file there is created for its user alone, too, and nobody can replace it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::files::thread_files::{self, HashingWriter, State, Unfinished};
use crate::os;

/// The folders that all users share.
pub(crate) fn shared_folders() -> Vec<PathBuf> {
    let mut shared = vec![std::env::temp_dir()];
    if cfg!(target_os = "linux") {
        shared.push("/dev/shm".into());
    }
    shared
}

/// Begins a file in the user's folder below a shared one, or in the shared one.
pub(crate) fn create(shared: &Path, maker: &str) -> io::Result<HashingWriter> {
    let folder = os::create_own_folder(shared);
    HashingWriter::create(folder.as_deref().unwrap_or(shared), maker)
}

/// The name without number of an image that is kept in a spare folder, for people and for recovery.
pub(crate) fn name(name: &str, tag: &str) -> String {
    format!("{PREFIX}{name}.{tag}")
}

const PREFIX: &str = "easel-";

/// Whole images of a call, left in spare folders by a process of this user.
pub(crate) fn images_of(tag: &str) -> io::Result<Vec<Unfinished>> {
    let mut found = Vec::new();
    for shared in shared_folders() {
        for folder in os::own_folder(&shared).iter().chain([&shared]) {
            match images_in(folder, tag) {
                // Where this user may not look there is nothing of his.
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) => {}
                images => found.extend(images?),
            }
        }
    }
    Ok(found)
}

fn images_in(folder: &Path, tag: &str) -> io::Result<Vec<Unfinished>> {
    let mut found: Vec<_> = thread_files::unfinished_in(folder)?
        .into_iter()
        .filter(|file| file.state == State::Staged && file.call.as_deref() == Some(tag))
        .collect();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let has_prefix = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(PREFIX));
        if has_prefix && thread_files::tag_of(&path) == Some(tag) {
            let (owner, call) = (String::new(), Some(tag.to_owned()));
            found.push(Unfinished { path, owner, call, state: State::Staged });
        }
    }
    found.retain(|file| os::is_own_file(&file.path));
    Ok(found)
}

/// Copies an image into the folder, durable and under a name that says that it is whole. The caller removes the original.
pub(crate) fn bring_home(image: &Path, folder: &Path, maker: &str) -> io::Result<PathBuf> {
    os::create_private_folder(folder)?;
    let mut source = os::open_regular(image)?;
    let mut copy = HashingWriter::create(folder, maker)?;
    io::copy(&mut source, &mut copy)?;
    copy.flush()?;
    let (file, _) = copy.finish()?;
    thread_files::keep_staged(file.into_temp_path())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_private_folder_is_made_once_and_is_private() {
        let shared = tempfile::tempdir().unwrap();
        assert_eq!(os::own_folder(shared.path()), None);
        let folder = os::create_own_folder(shared.path()).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(os::create_own_folder(shared.path()).as_ref(), Some(&folder));
        assert_eq!(os::own_folder(shared.path()), Some(folder));
    }

    #[test]
    fn a_folder_that_others_could_have_prepared_is_not_used() {
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
        assert_eq!(os::create_own_folder(shared.path()), None, "no folder");
    }

    #[test]
    fn only_files_of_the_call_that_are_no_links_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let (tag, other) = (thread_files::call_tag("t", "c"), thread_files::call_tag("t", "d"));
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
