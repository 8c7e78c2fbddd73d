//! Complete images that do not have their final name yet.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use easel_imagegen::port::StagedImage;
use easel_protocol::record::ImageFacts;
use tempfile::TempPath;

use super::unfinished::{self, STAGED};

/// Creates the guard of a complete file. `displaced` says why the file is in a spare folder and not in the folder of
/// its thread.
pub(crate) fn stage(file: TempPath, facts: ImageFacts, displaced: Option<io::Error>) -> io::Result<StagedImage> {
    let path = file.keep()?;
    let mut staged = StagedImage::new(path, facts, |path| {
        // A file that cannot be removed now is removed at the next start.
        let _ = fs::remove_file(path);
    });
    staged.displaced = displaced;
    Ok(staged)
}

/// Adds the call to the name of a file that was written before its call was known. If the file cannot be renamed, it
/// keeps its name.
pub(crate) fn assign_call(staged: &mut StagedImage, owner: &str, tag: &str) {
    if let Some(path) = unfinished::name_with_call(staged.path(), owner, tag)
        && rename(staged.path(), &path).is_ok()
    {
        staged.set_path(path);
    }
}

/// Renames a staged image to its final path. Returns the image if that fails.
pub(crate) fn finish(staged: StagedImage, path: &Path) -> Result<(), (StagedImage, io::Error)> {
    match rename(staged.path(), path) {
        Ok(()) => {
            staged.into_path();
            Ok(())
        }
        Err(error) => Err((staged, error)),
    }
}

/// Keeps a complete file under a staged name, so that a crash does not remove it.
pub(crate) fn keep_staged(file: TempPath) -> io::Result<PathBuf> {
    let staged = file.with_extension(STAGED);
    file.persist_noclobber(&staged).map_err(|refused| refused.error)?;
    Ok(staged)
}

/// Renames a file without replacing another. The file keeps its name if that fails.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] if the new name is taken.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    TempPath::try_from_path(from)?.persist_noclobber(to).map_err(|mut refused| {
        refused.path.disable_cleanup(true);
        refused.error
    })
}
