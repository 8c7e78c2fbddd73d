//! Checks of Easel's home: folder, disk and database.

use std::error::Error;
use std::path::{Path, PathBuf};

use easel_imagegen::port::StorageErrorKind;
use easel_protocol::thread::ThreadListParams;
use easel_store::{EaselStore, ImportLimits, PageError};

use super::check::{Check, sentence, without_number};
use crate::commands::error_chain;
use crate::os;

/// Free space below which images fail at any moment. A large image has up to 64 MiB.
const MIN_FREE_BYTES: u64 = 64 << 20;
/// Free space below which the user should know.
const LOW_FREE_BYTES: u64 = 1 << 30;

/// Checks that the home exists and that files can be written to it.
pub(super) fn check_home(home: &Path) -> Check {
    const NAME: &str = "home";
    if let Err(error) = easel_config::create_home(home) {
        return Check::failed(
            NAME,
            sentence(&without_number(&error_chain(&error))),
            "Set EASEL_HOME to a folder that you can write to.",
        );
    }
    match tempfile::tempfile_in(home) {
        Ok(_) => Check::ok(NAME, format!("{} is writable.", home.display())),
        Err(error) => {
            let finding = format!("{} cannot be written to: {}.", home.display(), without_number(&error.to_string()));
            Check::failed(NAME, finding, "Change its permissions, or set EASEL_HOME to another folder.")
        }
    }
}

/// Folders of images, which may be links to other disks.
const IMAGE_FOLDERS: [&str; 2] = ["generated_images", "attachments"];

/// Checks that the disks of the home and of its image folders have room. Reports the fullest one.
pub(super) fn check_disk(home: &Path) -> Check {
    let folders = IMAGE_FOLDERS.map(|name| home.join(name));
    if let Some(broken) = folders.iter().find(|folder| folder.is_symlink() && !folder.is_dir()) {
        let finding = format!("{} is a link to a folder that does not exist.", broken.display());
        return Check::failed("disk", finding, "Mount its disk, or correct the link.");
    }
    let folders = std::iter::once(home).chain(folders.iter().map(PathBuf::as_path));
    let free = folders.filter_map(|folder| Some((os::free_bytes(folder)?, folder)));
    match free.min_by_key(|(free, _)| *free) {
        Some((free, folder)) => judge_space(free, Some(folder).filter(|folder| *folder != home)),
        None => Check::skipped("disk", "The free space is unknown."),
    }
}

/// Judges the free space of the home, or of another folder.
fn judge_space(free: u64, folder: Option<&Path>) -> Check {
    const NAME: &str = "disk";
    let folder = folder.map(|folder| format!(" for {}", folder.display())).unwrap_or_default();
    let finding = format!("{} MiB are free{folder}.", free >> 20);
    let remedy = "Free some space, for example with `easel prune`.";
    match free {
        ..MIN_FREE_BYTES => Check::failed(NAME, finding, remedy),
        MIN_FREE_BYTES..LOW_FREE_BYTES => Check::warning(NAME, finding, remedy),
        LOW_FREE_BYTES.. => Check::ok(NAME, format!("{} GiB are free{folder}.", free >> 30)),
    }
}

/// Checks that the database can be opened and read.
pub(super) async fn check_database(home: &Path) -> Check {
    const NAME: &str = "database";
    // The check imports no image.
    let store = EaselStore::open(home.to_owned(), ImportLimits { reference_bytes: 0, reference_pixels: 0 });
    let read = store.list_threads(ThreadListParams { limit: Some(1), ..ThreadListParams::default() }).await;
    store.close().await;
    match read {
        Ok(_) => Check::ok(NAME, "It can be opened."),
        Err(error) => {
            let finding = sentence(&without_number(&error_chain(&error as &(dyn Error + 'static))));
            let kind = match &error {
                PageError::Storage(error) => error.kind(),
                PageError::Cursor | PageError::ThreadNotFound => StorageErrorKind::Other,
            };
            Check::failed(NAME, finding, database_remedy(kind, &home.join("easel.db")))
        }
    }
}

/// Returns what helps. Only a damaged database may be moved away: the others still have the user's history.
fn database_remedy(kind: StorageErrorKind, file: &Path) -> String {
    let file = file.display();
    match kind {
        StorageErrorKind::Damaged => {
            format!("Move {file} away to begin with an empty history. The images stay.")
        }
        StorageErrorKind::NewerVersion => "Update Easel.".to_owned(),
        StorageErrorKind::Locked => "Close the program that has locked it, and try again.".to_owned(),
        StorageErrorKind::DiskFull => "Free some space.".to_owned(),
        StorageErrorKind::PermissionDenied
        | StorageErrorKind::NotFound
        | StorageErrorKind::Closed
        | StorageErrorKind::Other => format!("Check the permissions of {file} and of its folder."),
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::Status;
    use super::*;

    #[test]
    fn only_a_damaged_database_is_to_be_moved_away() {
        use StorageErrorKind::*;
        for kind in [DiskFull, Locked, Damaged, NewerVersion, PermissionDenied, NotFound, Closed, Other] {
            let remedy = database_remedy(kind, Path::new("/home/easel.db"));
            assert_eq!(remedy.contains("away"), kind == Damaged, "{remedy}");
        }
    }

    #[test]
    fn little_space_is_a_warning_and_then_a_failure() {
        for (mib, status) in
            [(0, Status::Failed), (63, Status::Failed), (64, Status::Warning), (1_023, Status::Warning)]
        {
            assert_eq!(judge_space(mib << 20, None).status, status, "{mib}");
        }
        assert_eq!(judge_space(5 << 30, None), Check::ok("disk", "5 GiB are free."));
        let linked = judge_space(5 << 30, Some(Path::new("/images")));
        assert_eq!(linked, Check::ok("disk", "5 GiB are free for /images."));
    }
}
