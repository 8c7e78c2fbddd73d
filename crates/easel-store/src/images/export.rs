//! Copies an image out of the store, to a path that a client names, and writes what is made from images.

mod new_file;
mod placement;
mod set;
mod staging;
mod target;

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use easel_imagegen::port::StorageError;
use easel_protocol::record::MediaType;

use super::lookup::{self, StoredImage};
use crate::error::Error;
use crate::home::Home;
use crate::os;

pub use new_file::NewFile;
pub use set::{FileOfSet, SetError};
pub(crate) use set::{check_set, write_set};
pub use target::PathError;

/// What to do if the target exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExistingFile {
    /// Fail, and leave the file unchanged.
    Keep,
    /// Replace the file if it is a regular one.
    Replace,
}

/// The copy that an export made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedImage {
    /// The path of the copy, with the links of its folder resolved.
    pub path: PathBuf,
    /// The size of the file.
    pub bytes: u64,
}

/// Why an image was not exported. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// No image has the handle, or it was deleted.
    #[error("image not found")]
    ImageNotFound,
    /// The target cannot be used.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The image could not be read, or the copy could not be written.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<Error> for ExportError {
    fn from(error: Error) -> Self {
        Self::Storage(error.into())
    }
}

/// Copies an image to `target`: the whole file, or nothing. [`target::resolve`] says which targets are allowed.
pub(crate) fn export(
    home: &Home,
    image: &StoredImage,
    target: &Path,
    cwd: &Path,
    existing: ExistingFile,
) -> Result<ExportedImage, ExportError> {
    let path = target::resolve(home, target, cwd, image.facts().media_type, existing)?;
    let source = lookup::open(home, image.path()).map_err(Error::io("read the image", image.path()))?;
    write(source, path, existing)
}

/// Checks that a file of this format can be written to `target`, and returns the path with the links of its folder
/// resolved. Nothing is left in the folder.
pub(crate) fn check(
    home: &Home,
    target: &Path,
    cwd: &Path,
    media_type: MediaType,
    existing: ExistingFile,
) -> Result<PathBuf, ExportError> {
    let path = target::resolve(home, target, cwd, media_type, existing)?;
    let folder = path.parent().unwrap_or(&path);
    NewFile::create(folder).map_err(Error::io("write to the folder", folder))?;
    Ok(path)
}

/// Checks the target of an export without a store, for a home at `home`: like
/// [`check_export`](crate::EaselStore::check_export).
///
/// # Errors
/// If the target is not allowed, or its folder cannot be written.
pub fn check_export_target(
    home: PathBuf,
    target: &Path,
    cwd: &Path,
    media_type: MediaType,
    existing: ExistingFile,
) -> Result<PathBuf, ExportError> {
    check(&Home::new(home), target, cwd, media_type, existing)
}

/// Writes what `source` has to a path from [`check`]: the whole file, or nothing.
pub(crate) fn write(source: impl Read, path: PathBuf, existing: ExistingFile) -> Result<ExportedImage, ExportError> {
    target::check_still_resolved(path.parent().unwrap_or(&path))?;
    target::check_existing(&path, existing)?;
    let bytes = copy(source, &path, existing).map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            return ExportError::Path(PathError::Exists);
        }
        Error::io("write the file", &path)(error).into()
    })?;
    Ok(ExportedImage { path, bytes })
}

fn copy(mut source: impl Read, path: &Path, existing: ExistingFile) -> io::Result<u64> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut file = NewFile::create(folder)?;
    let bytes = io::copy(&mut source, file.as_file_mut())?;
    file.as_file_mut().sync_all()?;
    file.persist(path, existing)?;
    os::sync_folder(folder)?;
    Ok(bytes)
}
