//! Finds the project file that belongs to a working directory.

use std::path::{Path, PathBuf};

use crate::LayerName;
use crate::owner::is_foreign;

/// The folder of a project that holds its configuration.
const FOLDER: &str = ".easel";

/// The file in the home folder and in a project's folder.
pub(crate) const FILE: &str = "config.toml";

/// The nearest ancestor of `cwd` (itself included) with an `.easel/config.toml`, whatever that turns out to be.
///
/// The home folder's own file is never a project's: `~/.easel` would otherwise rule every folder below the user's home
/// a second time, under other rules.
pub(crate) fn find(cwd: &Path, home: &Path) -> Option<LayerName> {
    let home = real(home);
    cwd.ancestors().map(|ancestor| ancestor.join(FOLDER)).find_map(|folder| {
        let file = folder.join(FILE);
        let is_there = file.symlink_metadata().is_ok();
        (is_there && real(&folder) != home).then_some(LayerName::Project { folder, file })
    })
}

/// Whether another user owns the file, the folder that holds it, or a link to one of them.
///
/// A shared folder above the working directory, such as `/tmp`, lets any user put such a file there.
pub(crate) fn is_of_another_user(folder: &Path, file: &Path) -> bool {
    let facts = |path: &Path| [path.symlink_metadata(), path.metadata()];
    [folder, file].into_iter().flat_map(facts).flatten().any(|facts| is_foreign(&facts))
}

/// Two spellings of one folder are one folder.
pub(crate) fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
