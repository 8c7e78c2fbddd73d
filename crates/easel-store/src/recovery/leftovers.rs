//! What a dead process left in the folder of a thread and in spare folders, by the call that it belongs to.

use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use crate::db::connection::Database;
use crate::db::process_lock;
use crate::error::Error;
use crate::files::spare_folders;
use crate::files::thread_files::{self, State, Unfinished};
use crate::files::validate_image;
use crate::home::Home;
use crate::os;

/// Whole images without a name, oldest first.
#[derive(Debug, Default)]
pub(super) struct Found {
    images: Vec<Unfinished>,
}

impl Found {
    /// Removes what is not whole. What cannot be looked at stays where it is, for a later start.
    pub(super) fn look(database: &Database, thread_id: &str, dead: &str) -> Result<Self, Error> {
        let folder = database.home.thread_images(thread_id);
        let mut images = thread_files::unfinished_in(&folder).map_err(Error::io("read the folder", &folder))?;
        images.retain(|file| file.owner == dead && keep_if_whole(file));
        images.sort_by_cached_key(|file| (written(&file.path), file.path.clone()));
        Ok(Self { images })
    }

    /// The files of a call, those in spare folders too.
    pub(super) fn take(&mut self, call: &str) -> Result<Vec<Unfinished>, Error> {
        let of_call = |file: &mut Unfinished| file.call.as_deref() == Some(call);
        let mut images: Vec<_> = self.images.extract_if(.., of_call).collect();
        let folder = Path::new("the spare folders");
        images.extend(spare_folders::images_of(call).map_err(Error::io("read the image", folder))?);
        Ok(images)
    }

    /// The files of calls that were not known when they were written.
    pub(super) fn take_without_call(&mut self) -> Vec<Unfinished> {
        self.images.extract_if(.., |file| file.call.is_none()).collect()
    }
}

/// When the file was last written.
fn written(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|metadata| metadata.modified()).ok()
}

/// Whether the file is a whole image. One that surely is not is removed. A power cut may undo the name of a whole image, so
/// names are not believed.
fn keep_if_whole(file: &Unfinished) -> bool {
    let is_whole = match file.state {
        State::Staged => return true,
        State::Preview => Ok(false),
        State::Part => is_finished(&file.path),
    };
    match is_whole {
        Ok(true) => true,
        Ok(false) => {
            if let Err(error) = fs::remove_file(&file.path) {
                tracing::debug!(%error, path = ?file.path, "a half image was left behind");
            }
            false
        }
        Err(error) => {
            tracing::warn!(%error, path = ?file.path, "an unfinished image could not be looked at and stays");
            false
        }
    }
}

fn is_finished(path: &Path) -> io::Result<bool> {
    match thread_files::facts_of(path) {
        Ok(facts) => validate_image::is_finished(&os::open_regular(path)?, facts.media_type),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes from a thread's folder the half images of dead processes whose calls have an end: an interrupted drawing may go
/// on until its process ends. A whole image stays, whatever became of its call.
pub(crate) fn sweep_parts(home: &Home, thread_id: &str) {
    for file in thread_files::unfinished_in(&home.thread_images(thread_id)).unwrap_or_default() {
        if file.state != State::Staged && !process_lock::is_alive(home, &file.owner) {
            keep_if_whole(&file);
        }
    }
}
