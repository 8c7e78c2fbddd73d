//! Checks of Easel's home: folder, disk and database.

use std::error::Error;
use std::path::Path;

use easel_protocol::thread::ThreadListParams;
use easel_store::{EaselStore, ImportLimits};

use super::check::{Check, sentence};
use crate::commands::error_chain;
use crate::process::os;

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

/// Checks that the home's disk has room for images.
pub(super) fn check_disk(home: &Path) -> Check {
    match os::free_bytes(home) {
        Some(free) => judge_space(free),
        None => Check::skipped("disk", "The free space is unknown."),
    }
}

fn judge_space(free: u64) -> Check {
    const NAME: &str = "disk";
    let finding = format!("{} MiB are free.", free >> 20);
    let remedy = "Free some space, for example with `easel prune`.";
    match free {
        ..MIN_FREE_BYTES => Check::failed(NAME, finding, remedy),
        MIN_FREE_BYTES..LOW_FREE_BYTES => Check::warning(NAME, finding, remedy),
        LOW_FREE_BYTES.. => Check::ok(NAME, format!("{} GiB are free.", free >> 30)),
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
            let file = home.join("easel.db").display().to_string();
            let remedy = format!("Check its permissions, or move {file} away to begin with an empty history.");
            Check::failed(NAME, finding, remedy)
        }
    }
}

/// Leaves out the error number of the operating system, which does not help users.
fn without_number(message: &str) -> String {
    message.split(" (os error ").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::check::Status;
    use super::*;

    #[test]
    fn little_space_is_a_warning_and_then_a_failure() {
        for (mib, status) in
            [(0, Status::Failed), (63, Status::Failed), (64, Status::Warning), (1_023, Status::Warning)]
        {
            assert_eq!(judge_space(mib << 20).status, status, "{mib}");
        }
        assert_eq!(judge_space(5 << 30), Check::ok("disk", "5 GiB are free."));
    }
}
