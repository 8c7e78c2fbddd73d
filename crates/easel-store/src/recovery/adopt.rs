//! Gives finished images of a dead process their final names.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use easel_protocol::record::ImageFacts;

use crate::db::connection::Database;
use crate::error::Error;
use crate::files::free_name::free_path;
use crate::files::hashing_writer::inspect_file;
use crate::files::unfinished::{UnfinishedFile, call_tag};
use crate::files::{spare_folders, staged};
use crate::home::file_name;
use crate::images::lookup;
use crate::journal::calls::JournalCall;
use crate::os;

/// An image of a call, at its final path.
pub(super) struct AdoptedImage {
    pub(super) path: PathBuf,
    pub(super) facts: ImageFacts,
}

/// Renames an image after its call. Returns `None` if the file is not an image, or if `others` has the same image: a
/// process may have died while it copied the image home.
pub(super) fn adopt(
    database: &Database,
    call: &JournalCall,
    dead: &str,
    file: &UnfinishedFile,
    others: &[AdoptedImage],
) -> Result<Option<AdoptedImage>, Error> {
    let folder = database.home.thread_images(&call.thread_id);
    let Some(facts) = inspect_if_image(&file.path)? else {
        remove(&file.path);
        return Ok(None);
    };
    if file.path.starts_with(&folder) {
        let path = rename_after_call(database, call, &file.path, &facts)?;
        return Ok(Some(AdoptedImage { path, facts }));
    }
    if others.iter().any(|other| other.facts == facts) {
        remove(&file.path);
        return Ok(None);
    }
    let prefix = format!("{dead}.{}", call_tag(&call.thread_id, &call.item_id));
    let copy = spare_folders::copy_home(&file.path, &folder, &prefix);
    let copy = copy.map_err(Error::io("move the image home", &file.path))?;
    let path = rename_after_call(database, call, &copy, &facts)?;
    os::sync_folder(&folder).map_err(Error::io("flush the folder", &folder))?;
    remove(&file.path);
    Ok(Some(AdoptedImage { path, facts }))
}

/// Renames images that cannot be matched to a call. Returns a sentence with their paths, or nothing if there are none.
pub(super) fn keep_unmatched(database: &Database, thread_id: &str, files: &[UnfinishedFile]) -> Result<String, Error> {
    let folder = database.home.thread_images(thread_id);
    let mut kept = Vec::new();
    for file in files {
        match inspect_if_image(&file.path)? {
            Some(facts) => kept.push(rename(&folder, "recovered", &file.path, &facts)?),
            None => remove(&file.path),
        }
    }
    let kept: Vec<String> = kept.iter().map(|path| format!("{path:?}")).collect();
    Ok(if kept.is_empty() { String::new() } else { format!(" A finished image is kept at {}.", kept.join(", ")) })
}

/// Returns the images that are named after the call and have no row, in the order of their numbers. `names` has the
/// names of all calls, because a name may look like another with a number.
pub(super) fn files_named_after(
    database: &Database,
    call: &JournalCall,
    names: &[String],
) -> Result<Vec<AdoptedImage>, Error> {
    let folder = database.home.thread_images(&call.thread_id);
    let unreadable = Error::io("read the folder", &folder);
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(unreadable)?,
    };
    let name = file_name::from_id(&call.item_id);
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let number = stem.strip_prefix(&name).and_then(|rest| rest.strip_prefix('-')).map(str::parse::<u32>);
        let number = match number {
            Some(Ok(number)) if !names.contains(&stem) => number,
            _ if stem == name => 1,
            _ => continue,
        };
        if !lookup::has_row(&database.connection, &database.home, &call.thread_id, &path)?
            && let Some(facts) = inspect_if_image(&path)?
        {
            found.push((number, AdoptedImage { path, facts }));
        }
    }
    found.sort_by_key(|(number, _)| *number);
    Ok(found.into_iter().map(|(_, image)| image).collect())
}

/// Returns whether a file has this content.
///
/// # Errors
/// If the file cannot be read. It may still have the content.
pub(super) fn has_content(path: &Path, facts: &ImageFacts) -> Result<bool, Error> {
    Ok(inspect_if_image(path)?.is_some_and(|found| found == *facts))
}

/// Inspects a file. Returns `None` if it does not exist or is certainly not an image.
fn inspect_if_image(path: &Path) -> Result<Option<ImageFacts>, Error> {
    match inspect_file(path) {
        Ok(facts) => Ok(Some(facts)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(Error::io("read the image", path)(error)),
    }
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        tracing::debug!(%error, ?path, "an unused file was not removed");
    }
}

/// Renames a file to a free name of its call. The file keeps its name if that fails.
pub(super) fn rename_after_call(
    database: &Database,
    call: &JournalCall,
    file: &Path,
    facts: &ImageFacts,
) -> Result<PathBuf, Error> {
    let folder = database.home.thread_images(&call.thread_id);
    rename(&folder, &file_name::from_id(&call.item_id), file, facts)
}

fn rename(folder: &Path, name: &str, file: &Path, facts: &ImageFacts) -> Result<PathBuf, Error> {
    let mut number = 0;
    loop {
        let path;
        (path, number) = free_path(folder, name, facts.media_type.extension(), number + 1, |_| false);
        match staged::rename(file, &path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Error::io("store the image", &path)(error)),
        }
    }
}
