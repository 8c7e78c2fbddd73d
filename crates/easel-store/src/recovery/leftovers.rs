//! Unfinished images that a dead process left in the folder of a thread and in spare folders.

use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use crate::db::connection::Database;
use crate::db::process_lock;
use crate::error::Error;
use crate::files::hashing_writer::inspect_file;
use crate::files::unfinished::{FileState, UnfinishedFile, unfinished_files};
use crate::files::{spare_folders, validate_image};
use crate::home::Home;
use crate::os;

/// The complete images of a dead process in one thread that do not have their final name, oldest first.
#[derive(Debug, Default)]
pub(super) struct Leftovers {
    images: Vec<UnfinishedFile>,
}

impl Leftovers {
    /// Collects the files in the thread's folder. Removes those that are incomplete; keeps those that cannot be read
    /// for a later start.
    pub(super) fn collect(database: &Database, thread_id: &str, dead: &str) -> Result<Self, Error> {
        let folder = database.home.thread_images(thread_id);
        let mut images = unfinished_files(&folder).map_err(Error::io("read the folder", &folder))?;
        images.retain(|file| file.owner == dead && keep_if_complete(file));
        images.sort_by_cached_key(|file| (modified_at(&file.path), file.path.clone()));
        Ok(Self { images })
    }

    /// Takes the files of a call, including those in spare folders.
    pub(super) fn take(&mut self, tag: &str) -> Result<Vec<UnfinishedFile>, Error> {
        let of_call = |file: &mut UnfinishedFile| file.call_tag.as_deref() == Some(tag);
        let mut images: Vec<_> = self.images.extract_if(.., of_call).collect();
        images.extend(spare_folders::images_of_call(tag)?);
        Ok(images)
    }

    /// Takes the files that were written before their call was known.
    pub(super) fn take_without_call(&mut self) -> Vec<UnfinishedFile> {
        self.images.extract_if(.., |file| file.call_tag.is_none()).collect()
    }
}

fn modified_at(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|metadata| metadata.modified()).ok()
}

/// Returns whether the file is a complete image, and removes it if it is certainly not one. A power cut may undo the
/// rename of a complete image, so a file with the name of a partial one is checked.
fn keep_if_complete(file: &UnfinishedFile) -> bool {
    let is_complete = match file.state {
        FileState::Staged => return true,
        FileState::Preview => Ok(false),
        FileState::Part => is_complete_image(&file.path),
    };
    match is_complete {
        Ok(true) => true,
        Ok(false) => {
            if let Err(error) = fs::remove_file(&file.path) {
                tracing::debug!(%error, path = ?file.path, "an incomplete image was not removed");
            }
            false
        }
        Err(error) => {
            tracing::warn!(%error, path = ?file.path, "an unfinished image could not be read and is kept");
            false
        }
    }
}

/// Returns whether a file is certainly not a complete image.
pub(crate) fn is_incomplete(file: &UnfinishedFile) -> bool {
    match file.state {
        FileState::Staged => false,
        FileState::Preview => true,
        FileState::Part => is_complete_image(&file.path).is_ok_and(|is_complete| !is_complete),
    }
}

fn is_complete_image(path: &Path) -> io::Result<bool> {
    match inspect_file(path) {
        Ok(facts) => validate_image::is_finished(&os::open_regular(path)?, facts.media_type),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes incomplete images of dead processes from a thread's folder. Their calls may have ended, because an
/// interrupted drawing continues until its process ends. Complete images are kept.
pub(crate) fn remove_parts(home: &Home, thread_id: &str) {
    for file in unfinished_files(&home.thread_images(thread_id)).unwrap_or_default() {
        if file.state != FileState::Staged && !process_lock::is_alive(home, &file.owner) {
            keep_if_complete(&file);
        }
    }
}
