//! Which paths an image may be exported to.

use std::path::{Component, Path, PathBuf};

use easel_protocol::record::MediaType;

use super::ExistingFile;
use crate::home::Home;

/// The most bytes of a file name. File systems allow 255, and programs that sync or encrypt add to a name.
const MAX_NAME_BYTES: usize = 128;
/// Names that Windows reserves, with any extension (Naming Files, Paths, and Namespaces).
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];
/// The beginnings of reserved names that end in a digit.
const NUMBERED_DEVICES: [&str; 2] = ["COM", "LPT"];

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
    /// The file name is one that Windows gives to a device, so that the file could not be copied to such a system.
    #[error("has a file name that Windows reserves for a device")]
    ReservedName,
    /// The file name is too long for some file systems, once another program adds to it.
    #[error("has a file name of more than {MAX_NAME_BYTES} bytes")]
    LongName,
    /// The extension does not fit the image's format.
    #[error("must end in .{}, since its format is {}", extensions(*.0).join(" or ."), .0.as_str())]
    Extension(MediaType),
    /// The folder does not exist.
    #[error("is in a folder that does not exist")]
    NoFolder,
    /// The path of the folder of a set names no folder.
    #[error("does not exist, or is not a folder")]
    NotFolder,
    /// The folder is Easel's home, or below it.
    #[error("is in Easel's own home")]
    InHome,
    /// The folder, or one above it, begins with a dot, and the working folder is not in it.
    #[error("is below a folder whose name begins with a dot")]
    InDotFolder,
    /// The folder was removed, or replaced by a link, after it was checked.
    #[error("is in a folder that was moved or replaced during the export")]
    Moved,
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
    let name = name.to_str().ok_or(PathError::FileName)?;
    check_name(name)?;
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if !extensions(media_type).iter().any(|known| known.eq_ignore_ascii_case(extension)) {
        return Err(PathError::Extension(media_type));
    }
    let path = resolve_folder(home, folder, cwd)?.join(name);
    check_existing(&path, existing)?;
    Ok(path)
}

/// Checks a file name, by the same rules on every system.
pub(super) fn check_name(name: &str) -> Result<(), PathError> {
    if name.starts_with('.') || name.chars().any(char::is_control) {
        return Err(PathError::FileName);
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(PathError::LongName);
    }
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let is_numbered = |device: &str| {
        let number =
            stem.get(..device.len()).filter(|start| start.eq_ignore_ascii_case(device)).map(|_| &stem[device.len()..]);
        number.is_some_and(|number| {
            matches!(number, "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³")
        })
    };
    let is_device = DEVICES.iter().any(|device| stem.eq_ignore_ascii_case(device));
    if is_device || NUMBERED_DEVICES.iter().any(|device| is_numbered(device)) {
        return Err(PathError::ReservedName);
    }
    Ok(())
}

/// Returns an absolute path of a folder with its links resolved. [`resolve`] says which folders are allowed.
pub(super) fn resolve_folder(home: &Home, folder: &Path, cwd: &Path) -> Result<PathBuf, PathError> {
    if !folder.is_absolute() {
        return Err(PathError::Relative);
    }
    let folder = dunce::canonicalize(folder).ok().filter(|folder| folder.is_dir());
    let folder = folder.ok_or(PathError::NoFolder)?;
    if home.contains(&folder) {
        return Err(PathError::InHome);
    }
    let cwd = dunce::canonicalize(cwd).unwrap_or_else(|_| cwd.to_owned());
    if has_dot_folder(&folder, &cwd) {
        return Err(PathError::InDotFolder);
    }
    Ok(folder)
}

/// Checks that no part of a folder from [`resolve_folder`] has become a link, which could lead to a folder that is not
/// allowed.
pub(super) fn check_still_resolved(folder: &Path) -> Result<(), PathError> {
    if dunce::canonicalize(folder).is_ok_and(|now| now == folder) { Ok(()) } else { Err(PathError::Moved) }
}

/// Checks that a path is free, or has a file that may be replaced.
pub(super) fn check_existing(path: &Path, existing: ExistingFile) -> Result<(), PathError> {
    match (path.symlink_metadata(), existing) {
        (Err(_), _) => Ok(()),
        (Ok(_), ExistingFile::Keep) => Err(PathError::Exists),
        (Ok(found), ExistingFile::Replace) if found.is_file() => Ok(()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_usable_on_every_system() {
        for name in ["cat.png", "console.png", "com.png", "com10.png", "lpt0.png", "nul-1.png", "größe.png"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in ["con.png", "NUL.png", "Aux.tar.png", "com1.png", "LPT9.jpg", "COM¹.png", "prn .png"] {
            assert_eq!(check_name(name), Err(PathError::ReservedName), "{name}");
        }
        assert_eq!(check_name(&format!("{}.png", "a".repeat(124))), Ok(()));
        assert_eq!(check_name(&format!("{}.png", "a".repeat(125))), Err(PathError::LongName));
        assert_eq!(check_name(&format!("{}.png", "ü".repeat(63))), Err(PathError::LongName));
        assert_eq!(check_name(".cat.png"), Err(PathError::FileName));
        assert_eq!(check_name("cat\n.png"), Err(PathError::FileName));
    }
}
