//! The images of a call while it is settled.

use std::io;
use std::path::{Path, PathBuf};

use easel_imagegen::port::{GeneratedImage, StagedImage};

use super::calls::JournalCall;
use super::record::ImageDetails;
use crate::db::connection::Database;
use crate::error::Error;
use crate::files::free_name::free_path;
use crate::files::staged;
use crate::home::file_name;
use crate::images::lookup;

/// An image that a provider made, with its file either staged or at its final path.
pub(super) struct SettlingImage {
    /// `None` once the file is at [`SettlingImage::path`].
    pub(super) staged: Option<StagedImage>,
    pub(super) details: ImageDetails,
    pub(super) path: PathBuf,
}

impl SettlingImage {
    pub(super) fn new(image: GeneratedImage) -> Self {
        let facts = image.staged.facts().clone();
        let details = ImageDetails { facts, revised_prompt: image.revised_prompt, reported: image.applied };
        Self { staged: Some(image.staged), details, path: PathBuf::new() }
    }
}

/// Chooses free paths for the files that are still staged.
pub(super) fn choose_paths(database: &Database, call: &JournalCall, images: &mut [SettlingImage]) {
    let folder = database.home.thread_images(&call.thread_id);
    let name = file_name::from_id(&call.item_id);
    let mut number = 0;
    for image in images.iter_mut().filter(|image| image.staged.is_some()) {
        let extension = image.details.facts.media_type.extension();
        let has_row =
            |path: &Path| lookup::has_row(&database.connection, &database.home, &call.thread_id, path).unwrap_or(false);
        (image.path, number) = free_path(&folder, &name, extension, number + 1, has_row);
    }
}

/// Renames the staged files to their paths. Returns false if another process took one of the names meanwhile.
pub(super) fn rename_all(images: &mut [SettlingImage]) -> Result<bool, Error> {
    for image in images {
        let Some(staged) = image.staged.take() else { continue };
        if let Err((staged, error)) = staged::finish(staged, &image.path) {
            image.staged = Some(staged);
            if error.kind() == io::ErrorKind::AlreadyExists {
                return Ok(false);
            }
            return Err(Error::io("store the image", &image.path)(error));
        }
    }
    Ok(true)
}
