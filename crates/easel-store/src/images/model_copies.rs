//! Smaller copies of images, which models see in place of the files.
//!
//! A copy is a cache entry: it is made when a model first sees its image, no row refers to it, and it may be removed at
//! any time. It is in the folder [`FOLDER`] next to its image, and its name has the image's file name, the start of
//! its hash, the size and a version: `call_1.png-5f4dcc3b-2048-v1.jpg`. The hash keeps a copy from being shown for a
//! later image with the same file name.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use easel_imagegen::model_copy::{CopySize, ModelCopy, is_smaller};
use easel_imagegen::port::Reference;
use easel_picture::{Bounds, Limits};
use easel_protocol::record::MediaType;

use super::lookup;
use crate::files::removals;
use crate::home::Home;
use crate::os;

/// Name of the folder with the copies of the images beside it.
const FOLDER: &str = ".model";
/// Version of the encoder and its settings. Copies of other versions are not used.
const VERSION: u32 = 1;
/// Characters of the hash in a name.
const HASH_CHARS: usize = 8;
/// Parts of a copy's name after the file name of its image.
const NAME_PARTS: usize = 3;

/// Why a copy could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CopyError {
    #[error(transparent)]
    Picture(#[from] easel_picture::Error),
    #[error("the copy cannot be stored: {0}")]
    Io(#[from] io::Error),
}

/// Returns the copy of an image if it exists.
pub(crate) fn find(home: &Home, image: &Reference, size: CopySize) -> Option<ModelCopy> {
    [MediaType::Jpeg, MediaType::Png].into_iter().find_map(|media_type| {
        let path = copy_path(image, size, media_type)?;
        let bytes = lookup::open(home, &path).and_then(|file| file.metadata()).ok()?.len();
        is_smaller(bytes, image.facts.bytes).then_some(ModelCopy { path, media_type, bytes })
    })
}

/// Makes the copy of an image. Returns `None` if it would not be smaller than the file.
///
/// Takes up to about 100 MB of memory, and for a progressive JPEG of 24 megapixels about 170 MB. Most images take less
/// than 25 MB.
///
/// # Errors
/// If the image cannot be decoded, or the copy cannot be written.
pub(crate) fn make(home: &Home, image: &Reference, size: CopySize) -> Result<Option<ModelCopy>, CopyError> {
    let file = lookup::open(home, &image.path)?;
    let bounds = Bounds { edge: size.edge(), patches: size.patches() };
    let copy = easel_picture::copy(file, bounds, Limits::default())?;
    let bytes = copy.bytes.len() as u64;
    if !is_smaller(bytes, image.facts.bytes) {
        return Ok(None);
    }
    let media_type = match copy.format {
        easel_picture::Format::Jpeg => MediaType::Jpeg,
        easel_picture::Format::Png => MediaType::Png,
        easel_picture::Format::WebP => MediaType::Webp,
        easel_picture::Format::Gif => MediaType::Gif,
    };
    let path = copy_path(image, size, media_type).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    write(&path, &copy.bytes)?;
    // The image may have been removed meanwhile, after its copies were.
    if let Err(error) = image.path.symlink_metadata() {
        fs::remove_file(&path)?;
        return Err(error.into());
    }
    Ok(Some(ModelCopy { path, media_type, bytes }))
}

/// Writes a whole copy, or nothing. Keeps a copy that another process has written meanwhile: it is the same.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    os::ensure_private_folder(folder)?;
    // A part that a dead process leaves behind is removed together with the image, like a copy.
    let mut file = tempfile::Builder::new().prefix(name).suffix(".part").tempfile_in(folder)?;
    file.write_all(bytes)?;
    // The name must not survive a power cut without the content.
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Err(refused) if refused.error.kind() != io::ErrorKind::AlreadyExists => Err(refused.error),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn copy_path(image: &Reference, size: CopySize, media_type: MediaType) -> Option<PathBuf> {
    let (folder, file) = (image.path.parent()?, image.path.file_name()?.to_str()?);
    let hash = image.facts.sha256.get(..HASH_CHARS)?;
    let name = format!("{file}-{hash}-{}-v{VERSION}.{}", size.edge(), media_type.extension());
    Some(folder.join(FOLDER).join(name))
}

/// Returns the paths of the copies of the images in `folder`; none if they cannot be listed.
pub(crate) fn list(folder: &Path) -> Vec<PathBuf> {
    let copies = folder.join(FOLDER);
    if !copies.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Vec::new();
    }
    let entries = fs::read_dir(copies).into_iter().flatten().flatten();
    let is_copy = |path: &PathBuf| path.file_name().and_then(OsStr::to_str).is_some_and(is_copy_name);
    entries.map(|entry| entry.path()).filter(is_copy).collect()
}

/// Returns whether a file has the whole name of a copy, of any version: `call_1.png-5f4dcc3b-2048-v1.jpg`.
fn is_copy_name(name: &str) -> bool {
    let mut parts = name.rsplitn(NAME_PARTS + 1, '-');
    let (Some(version), Some(edge), Some(hash)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (version, extension) = version.split_once('.').unwrap_or((version, ""));
    image_of_copy(name).is_some()
        && hash.len() == HASH_CHARS
        && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
        && is_number(edge)
        && version.strip_prefix('v').is_some_and(is_number)
        && [MediaType::Jpeg, MediaType::Png].iter().any(|media_type| media_type.extension() == extension)
}

/// Removes the copies of an image, of every size and version.
///
/// # Errors
/// If the folder of copies cannot be read, or a copy cannot be removed.
pub(crate) fn remove_of_image(image: &Path) -> io::Result<()> {
    let (Some(folder), Some(name)) = (image.parent(), image.file_name().and_then(OsStr::to_str)) else {
        return Ok(());
    };
    remove(&folder.join(FOLDER), |of_image| of_image == Some(name))
}

/// Removes what is in the folder of copies in `folder`, except copies of images that are in `folder`. Removes the
/// folder of copies if it is empty then.
///
/// # Errors
/// Those of [`remove_of_image`].
pub(crate) fn remove_without_image(folder: &Path) -> io::Result<()> {
    let copies = folder.join(FOLDER);
    remove(&copies, |of_image| of_image.is_none_or(|name| folder.join(name).symlink_metadata().is_err()))?;
    use io::ErrorKind::{DirectoryNotEmpty, NotADirectory, NotFound};
    match fs::remove_dir(&copies) {
        Err(error) if !matches!(error.kind(), DirectoryNotEmpty | NotADirectory | NotFound) => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Removes the files in a folder of copies whose image `is_removed`. An image is given by its file name; `None` stands
/// for a file that is not a copy. A file that cannot be removed does not keep the others from being removed.
///
/// # Errors
/// The first one. Folders are no error: they are left as they are.
fn remove(copies: &Path, is_removed: impl Fn(Option<&str>) -> bool) -> io::Result<()> {
    // Nothing is removed through a symbolic link.
    if !copies.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Ok(());
    }
    let mut result = Ok(());
    for entry in fs::read_dir(copies)? {
        let entry = entry?;
        let is_folder = entry.file_type().is_ok_and(|file_type| file_type.is_dir());
        if !is_folder && is_removed(entry.file_name().to_str().and_then(image_of_copy)) {
            result = result.and(removals::remove_if_exists(&entry.path()));
        }
    }
    result
}

/// Returns the file name of the image that a copy, or a part of one, belongs to.
fn image_of_copy(name: &str) -> Option<&str> {
    name.rsplitn(NAME_PARTS + 1, '-').nth(NAME_PARTS).filter(|image| !image.is_empty())
}
