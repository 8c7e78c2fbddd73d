//! Finds the project file for a working directory.

use std::path::{Path, PathBuf};

use super::LayerName;
use crate::os;

/// The folder in a project that contains its configuration.
const FOLDER: &str = ".easel";

/// The name of the file in the home folder and in a project's `.easel` folder.
pub(crate) const CONFIG_FILE: &str = "config.toml";

/// Finds the nearest ancestor of `cwd`, or `cwd` itself, that has an `.easel/config.toml` of any file type.
///
/// The home folder is never a project: otherwise `~/.easel` would be the project of every folder below the user's home
/// directory, under the rules for projects.
pub(crate) fn find(cwd: &Path, home: &Path) -> Option<LayerName> {
    let home = canonicalize_if_exists(home);
    cwd.ancestors().map(|ancestor| ancestor.join(FOLDER)).find_map(|folder| {
        let file = folder.join(CONFIG_FILE);
        let exists = file.symlink_metadata().is_ok();
        (exists && canonicalize_if_exists(&folder) != home).then_some(LayerName::Project { folder, file })
    })
}

/// Returns whether another user owns the file, its folder, or a symbolic link to one of them.
///
/// Any user can put such a file into a shared folder above the working directory, such as `/tmp`.
pub(crate) fn is_foreign_project(folder: &Path, file: &Path) -> bool {
    [folder, file].into_iter().any(os::is_foreign_path)
}

/// Returns the canonical path, or the path itself if it does not exist, to compare two spellings of one path.
pub fn canonicalize_if_exists(path: &Path) -> PathBuf {
    dunce::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}
