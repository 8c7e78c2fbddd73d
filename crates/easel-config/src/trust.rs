//! Whether the user trusts the project that a file belongs to, by the peer's convention: `[projects."PATH"]` in the
//! user's own `config.toml`, where PATH is the folder of the file or the root of its Git repository.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::project::real;

/// Bytes that are read of a file of Git's; it holds one path.
const LONGEST_POINTER: u64 = 8 * 1024;

/// `[projects."PATH"]`: what the user thinks of a project.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Project {
    /// Whether the project's `.easel/config.toml` may do more than make something stricter. Unset: no.
    pub trust_level: Option<TrustLevel>,
}

/// The peer's two levels of trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrustLevel {
    /// It may set every key but those that move requests, credentials, programs or money.
    Trusted,
    /// It may only make something stricter.
    Untrusted,
}

/// Whether the user trusts the project that has its configuration in `folder` and is worked on in `cwd`.
///
/// The first of these that the user has an opinion of decides: the folder, the root of the Git repository around `cwd`,
/// and the main folder of that repository when the root is one of its worktrees. A repository vouches only for what
/// lies in it, so a file above the root is trusted by its own folder or not at all.
pub(crate) fn is_trusted(projects: &BTreeMap<String, Project>, folder: &Path, cwd: &Path) -> bool {
    let (folder, cwd) = (real(folder), real(cwd));
    let root = git_root(&cwd).filter(|root| folder.starts_with(root));
    let main = root.as_deref().and_then(main_worktree);
    let places = [Some(folder), root, main];
    let level = places.into_iter().flatten().find_map(|place| level_of(projects, &place));
    level == Some(TrustLevel::Trusted)
}

/// What the user says of exactly this folder, which is a canonical path.
fn level_of(projects: &BTreeMap<String, Project>, place: &Path) -> Option<TrustLevel> {
    let names_it = |name: &str| {
        let path = Path::new(name);
        // A relative path would name another project in every working directory.
        path.is_absolute() && (path == place || real(path) == place)
    };
    projects.iter().filter(|(name, _)| names_it(name)).find_map(|(_, project)| project.trust_level)
}

/// The nearest ancestor, itself included, that Git would take for the root of a repository or worktree.
fn git_root(cwd: &Path) -> Option<PathBuf> {
    cwd.ancestors().find(|ancestor| ancestor.join(".git").symlink_metadata().is_ok()).map(Path::to_owned)
}

/// The main folder of the repository that this root is a worktree of.
///
/// The file `.git` of a worktree points to `MAIN/.git/worktrees/NAME`, and the file `gitdir` there points back. Both are
/// looked at: a stranger's folder can claim to be a worktree, but only Git writes into the repository.
fn main_worktree(root: &Path) -> Option<PathBuf> {
    let own = root.join(".git");
    let pointer = pointer(&own)?;
    let entry = real(&root.join(pointer.strip_prefix("gitdir:")?.trim()));
    let back = entry.join(self::pointer(&entry.join("gitdir"))?.trim());
    let worktrees = entry.parent().filter(|folder| folder.ends_with(".git/worktrees"))?;
    let main = worktrees.parent()?.parent()?;
    (real(&back) == real(&own)).then(|| main.to_owned())
}

/// The text of a small regular file.
fn pointer(file: &Path) -> Option<String> {
    let facts = file.symlink_metadata().ok()?;
    (facts.is_file() && facts.len() <= LONGEST_POINTER).then(|| std::fs::read_to_string(file).ok())?
}
