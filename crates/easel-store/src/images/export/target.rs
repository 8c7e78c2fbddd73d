//! Which paths an image may be exported to.

use std::fs;
use std::path::{Component, Path, PathBuf};

use easel_protocol::record::MediaType;

use super::ExistingFile;
use crate::home::Home;

/// What is wrong with the target of an export. The text follows the name of the field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The path is relative.
    #[error("must be an absolute path")]
    Relative,
    /// The path ends in a root, or in `..`.
    #[error("does not name a file")]
    NoFileName,
    /// The file name begins with a dot, or has control characters.
    #[error("must have a plain file name that does not begin with a dot")]
    FileName,
    /// The extension does not fit the image's format.
    #[error("must end in .{}, since the image is {}", extensions(*.0).join(" or ."), .0.as_str())]
    Extension(MediaType),
    /// The folder does not exist.
    #[error("is in a folder that does not exist")]
    NoFolder,
    /// The folder is Easel's home, or below it.
    #[error("is in Easel's own home")]
    InHome,
    /// The folder, or one above it, begins with a dot, and the working folder is not in it.
    #[error("is below a folder whose name begins with a dot")]
    InDotFolder,
    /// The file exists and must not be replaced.
    #[error("already exists; set `overwrite` to replace it")]
    Exists,
    /// The path names a folder, a link or a device.
    #[error("exists and is not a regular file")]
    NotRegular,
}

/// Returns the target with the links of its folder resolved.
///
/// The target must be an absolute path whose extension fits the image's format, in a folder that exists, outside
/// Easel's home, and not below a folder whose name begins with a dot unless `cwd` is below that folder too. A link at
/// the target itself is not followed.
pub(super) fn resolve(
    home: &Home,
    target: &Path,
    cwd: &Path,
    media_type: MediaType,
    existing: ExistingFile,
) -> Result<PathBuf, PathError> {
    if !target.is_absolute() {
        return Err(PathError::Relative);
    }
    let (Some(folder), Some(name)) = (target.parent(), target.file_name()) else {
        return Err(PathError::NoFileName);
    };
    let name = name.to_str().filter(|name| !name.starts_with('.') && !name.chars().any(char::is_control));
    let name = name.ok_or(PathError::FileName)?;
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if !extensions(media_type).iter().any(|known| known.eq_ignore_ascii_case(extension)) {
        return Err(PathError::Extension(media_type));
    }
    let folder = fs::canonicalize(folder).ok().filter(|folder| folder.is_dir());
    let folder = folder.ok_or(PathError::NoFolder)?;
    if home.contains(&folder) {
        return Err(PathError::InHome);
    }
    let cwd = fs::canonicalize(cwd).unwrap_or_else(|_| cwd.to_owned());
    if has_dot_folder(&folder, &cwd) {
        return Err(PathError::InDotFolder);
    }
    let path = folder.join(name);
    match (path.symlink_metadata(), existing) {
        (Err(_), _) => Ok(path),
        (Ok(_), ExistingFile::Keep) => Err(PathError::Exists),
        (Ok(found), ExistingFile::Replace) if found.is_file() => Ok(path),
        (Ok(_), ExistingFile::Replace) => Err(PathError::NotRegular),
    }
}

fn extensions(media_type: MediaType) -> &'static [&'static str] {
    match media_type {
        MediaType::Png => &["png"],
        MediaType::Jpeg => &["jpg", "jpeg"],
        MediaType::Webp => &["webp"],
        MediaType::Gif => &["gif"],
    }
}

/// Returns whether the folder is below one with a leading dot that the working folder is not below. Such folders have
/// the settings and hooks of programs.
fn has_dot_folder(folder: &Path, cwd: &Path) -> bool {
    let shared = folder.components().zip(cwd.components()).take_while(|(ours, theirs)| ours == theirs).count();
    let is_dotted = |part: Component<'_>| matches!(part, Component::Normal(name) if name.as_encoded_bytes()[0] == b'.');
    folder.components().skip(shared).any(is_dotted)
}
