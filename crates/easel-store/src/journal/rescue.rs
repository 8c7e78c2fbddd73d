//! Keeps generated images that could not be recorded. They may have been billed.

use std::path::PathBuf;

use super::images::SettlingImage;
use crate::error::Error;
use crate::files::free_name::free_path;
use crate::files::spare_folders;
use crate::files::staged;
use crate::files::unfinished::call_tag;
use crate::home::{Home, file_name};

/// Keeps the files: under the name of their call if that works, else under their staged name. Returns the error with
/// their paths. The journal row stays open, so that a later start records them.
///
/// A composite that does not have its final name is removed: under the name of its call, a later start would take it
/// for another billed image. Its original is kept, and the composite can be made again.
pub(super) fn keep_files(
    home: &Home,
    thread_id: &str,
    item_id: &str,
    images: Vec<SettlingImage>,
    error: Error,
) -> Error {
    let folder = home.thread_images(thread_id);
    let name = file_name::from_id(item_id);
    let mut kept: Vec<PathBuf> = Vec::new();
    for image in images {
        let is_composite = image.is_composite();
        let Some(staged) = image.staged else {
            kept.push(image.path);
            continue;
        };
        if is_composite {
            drop(staged);
            continue;
        }
        let extension = staged.facts().media_type.extension();
        let is_home = staged.path().starts_with(&folder);
        let (folder, name) = match staged.path().parent() {
            Some(spare) if !is_home => (spare, spare_folders::kept_name(&name, &call_tag(thread_id, item_id))),
            Some(_) | None => (folder.as_path(), name.clone()),
        };
        let (path, _) = free_path(folder, &name, extension, 1, |_| false);
        match staged::finish(staged, &path) {
            Ok(()) => kept.push(path),
            // Another program may have removed it.
            Err((staged, _)) if staged.path().try_exists().is_ok_and(|exists| !exists) => {}
            Err((staged, _)) => kept.push(staged.into_path()),
        }
    }
    if kept.is_empty() {
        return error;
    }
    Error::ImageKept { paths: kept, source: Box::new(error) }
}
