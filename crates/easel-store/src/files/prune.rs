//! Garbage in the image folders of Easel's home.
//!
//! A file is garbage only if its own name and content show it: a copy for models, an image that its dead process did
//! not complete, or a file that was renamed for its removal. That the database does not know a file proves nothing: the
//! database may be new or older than the file, and another program may use the same folder. Such files are listed and
//! kept.

mod find;

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use self::find::Found;
use super::removals;
use crate::db::connection::Database;
use crate::error::Error;
use crate::home::Home;

/// Maximum number of paths and failures that are listed of each kind.
const MAX_LISTED: usize = 20;

/// A number of files and their size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// The number of files.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
}

/// Files, with the paths of the first ones. A folder stands for the files in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// All files.
    pub amount: Amount,
    /// At most 20 paths.
    pub paths: Vec<PathBuf>,
    /// The number of paths that are not listed.
    pub more: u64,
}

/// What is in the image folders besides the images of threads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prunable {
    /// Model copies, which are made again when a model sees their images.
    pub model_copies: Listing,
    /// What dead processes left of images that they did not complete or did not finish to remove.
    pub leftovers: Listing,
    /// Files and folders that the database does not know. They are never removed.
    pub unknown: Listing,
}

/// What was removed, and what was not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pruned {
    /// The removed model copies.
    pub model_copies: Amount,
    /// What was removed of the files that dead processes left.
    pub leftovers: Amount,
    /// At most 20 descriptions of failures.
    pub failures: Vec<String>,
    /// The number of failures that are not described.
    pub more_failures: u64,
}

impl Amount {
    fn add(&mut self, other: Self) {
        self.files += other.files;
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

impl Listing {
    fn push(&mut self, path: PathBuf, amount: Amount) {
        self.amount.add(amount);
        if self.paths.len() < MAX_LISTED {
            self.paths.push(path);
        } else {
            self.more += 1;
        }
    }

    fn of_files(paths: Vec<PathBuf>) -> Self {
        let mut listing = Self::default();
        for path in paths {
            let amount = find::measure(&path);
            listing.push(path, amount);
        }
        listing
    }
}

impl Prunable {
    /// Returns whether there is nothing to remove.
    pub fn is_clean(&self) -> bool {
        self.model_copies.amount.files == 0 && self.leftovers.amount.files == 0
    }
}

impl Pruned {
    pub(crate) fn fail(&mut self, failure: String) {
        if self.failures.len() < MAX_LISTED {
            self.failures.push(failure);
        } else {
            self.more_failures += 1;
        }
    }
}

/// Lists what can be removed, and what is unknown.
pub(crate) fn list(connection: &Connection, home: &Home) -> Result<Prunable, Error> {
    let Found { model_copies, leftovers, unknown } = find::find(connection, home)?;
    Ok(Prunable { model_copies: Listing::of_files(model_copies), leftovers: Listing::of_files(leftovers), unknown })
}

/// Removes the model copies and the leftovers.
pub(crate) fn remove(database: &mut Database) -> Result<Pruned, Error> {
    let found = find::find(&database.connection, &database.home)?;
    let mut pruned = Pruned::default();
    pruned.model_copies = remove_files(&found.model_copies, &mut pruned);
    pruned.leftovers = remove_files(&found.leftovers, &mut pruned);
    Ok(pruned)
}

/// Removes files, and returns how much is gone.
fn remove_files(paths: &[impl AsRef<Path>], pruned: &mut Pruned) -> Amount {
    let mut removed = Amount::default();
    for path in paths.iter().map(AsRef::as_ref) {
        let amount = find::measure(path);
        match removals::remove_if_exists(path) {
            Ok(()) => removed.add(amount),
            Err(error) => pruned.fail(format!("could not remove {}: {error}", path.display())),
        }
    }
    removed
}
