//! Decides whether the user trusts a project.
//!
//! The convention is that of Codex: `[projects."PATH"]` in the user's own `config.toml`, where PATH is the folder of
//! the project or the root of its Git repository.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::project_file::canonicalize_if_exists;
use crate::settings::{Project, TrustLevel};

/// Maximum size in bytes of a file in which Git stores a path.
const MAX_GIT_PATH_BYTES: u64 = 8 * 1024;

/// Returns whether the user trusts the project whose configuration is in `folder`, for work in `cwd`.
///
/// The first of these folders that has an entry decides: `folder`, the root of the Git repository that contains `cwd`,
/// and the main worktree of that repository. A repository counts only for files inside it, so a project file above the
/// root needs an entry for its own folder.
pub(crate) fn is_trusted(projects: &BTreeMap<String, Project>, folder: &Path, cwd: &Path) -> bool {
    let (folder, cwd) = (canonicalize_if_exists(folder), canonicalize_if_exists(cwd));
    let root = git_root(&cwd).filter(|root| folder.starts_with(root));
    let main = root.as_deref().and_then(main_worktree);
    let candidates = [Some(folder), root, main];
    let level = candidates.into_iter().flatten().find_map(|candidate| level_of(projects, &candidate));
    level == Some(TrustLevel::Trusted)
}

/// Returns the user's entry for exactly this folder, given as a canonical path.
fn level_of(projects: &BTreeMap<String, Project>, folder: &Path) -> Option<TrustLevel> {
    let is_entry = |name: &str| {
        let path = Path::new(name);
        // A relative path would mean another project in every working directory.
        path.is_absolute() && (path == folder || canonicalize_if_exists(path) == folder)
    };
    projects.iter().filter(|(name, _)| is_entry(name)).find_map(|(_, project)| project.trust_level)
}

/// Returns the nearest ancestor, or the folder itself, that Git would take for the root of a repository or worktree.
fn git_root(cwd: &Path) -> Option<PathBuf> {
    cwd.ancestors().find(|ancestor| ancestor.join(".git").symlink_metadata().is_ok()).map(Path::to_owned)
}

/// Returns the main worktree of the repository that has `root` as an additional worktree.
///
/// The file `.git` of an additional worktree points to `MAIN/.git/worktrees/NAME`, and the file `gitdir` there points
/// back. Both are checked: any folder can claim to be a worktree, but only Git writes into the repository.
fn main_worktree(root: &Path) -> Option<PathBuf> {
    let dot_git = root.join(".git");
    let pointer = read_pointer(&dot_git)?;
    let entry = canonicalize_if_exists(&root.join(pointer.strip_prefix("gitdir:")?.trim()));
    let back = entry.join(read_pointer(&entry.join("gitdir"))?.trim());
    let worktrees = entry.parent().filter(|folder| folder.ends_with(".git/worktrees"))?;
    let main = worktrees.parent()?.parent()?;
    (canonicalize_if_exists(&back) == canonicalize_if_exists(&dot_git)).then(|| main.to_owned())
}

/// Reads a small regular file.
fn read_pointer(file: &Path) -> Option<String> {
    let metadata = file.symlink_metadata().ok()?;
    (metadata.is_file() && metadata.len() <= MAX_GIT_PATH_BYTES).then(|| std::fs::read_to_string(file).ok())?
}
