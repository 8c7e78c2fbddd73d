//! The files and folders of Easel's home.

pub(crate) mod file_name;
pub(crate) mod image_lines;
pub(crate) mod relative_paths;
pub(crate) mod stored_paths;

use std::path::{Component, Path, PathBuf};

use crate::error::Error;
use crate::os;

/// Folder of generated images, with one folder for each thread. It may be a symbolic link to another disk.
pub(crate) const GENERATED: &str = "generated_images";
/// Folder of attachments. It may be a symbolic link to another disk.
pub(crate) const ATTACHMENTS: &str = "attachments";

/// Paths below Easel's home.
#[derive(Debug)]
pub(crate) struct Home {
    /// The home without symbolic links, the same for every process.
    root: PathBuf,
    /// The home as the caller named it.
    alias: PathBuf,
}

impl Home {
    /// Creates the home if it does not exist. `root` must be absolute.
    pub(crate) fn new(root: PathBuf) -> Self {
        if let Err(error) = os::create_private_folder(&root) {
            // Opening the database will fail and report the cause.
            tracing::debug!(%error, ?root, "the home could not be created");
        }
        Self { root: real_path(&root), alias: root }
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.root.join("easel.db")
    }

    /// Returns the folder with the lock files of running processes.
    pub(crate) fn run(&self) -> PathBuf {
        self.root.join("run")
    }

    /// Returns the folder with the folders of all threads' generated images.
    pub(crate) fn generated(&self) -> PathBuf {
        self.root.join(GENERATED)
    }

    /// Returns the folder of a thread's generated images.
    pub(crate) fn thread_images(&self, thread_id: &str) -> PathBuf {
        self.root.join(GENERATED).join(file_name::from_id(thread_id))
    }

    /// Returns the folder of attachments, which are named after the hash of their content.
    pub(crate) fn attachments(&self) -> PathBuf {
        self.root.join(ATTACHMENTS)
    }

    /// Returns the folder of attachments that are still being copied. It is separate, so that a start need not list the
    /// finished ones.
    pub(crate) fn incoming(&self) -> PathBuf {
        self.attachments().join("incoming")
    }

    /// Creates the folders that every process needs, closed to other users.
    pub(crate) fn prepare(&self) -> Result<(), Error> {
        let run = self.run();
        os::create_private_folder(&run).map_err(Error::io("create the folder", &run))?;
        // Only imports need this folder, and they report its failure. Its disk may come back.
        if let Err(error) = os::create_private_folder(&self.incoming()) {
            tracing::warn!(%error, path = ?self.incoming(), "the folder of attachments cannot be used");
        }
        Ok(())
    }

    /// Returns whether a path without symbolic links is in the home or in one of its image folders.
    pub(crate) fn contains(&self, real: &Path) -> bool {
        let folders = [self.root.clone(), self.root.join(GENERATED), self.attachments()];
        folders.iter().any(|folder| real.starts_with(real_path(folder)))
    }

    /// Returns the rest of a text from the home on, if the text begins with the path of an image of the home. The path
    /// may be relative already.
    pub(crate) fn relative<'a>(&self, text: &'a str) -> Option<&'a str> {
        let below = |root: &Path| text.strip_prefix(&*root.to_string_lossy())?.strip_prefix(std::path::is_separator);
        [text].into_iter().chain(below(&self.root)).chain(below(&self.alias)).find(|rest| is_image(rest))
    }

    /// Returns a text that begins with an image's path in the database, with that path made absolute.
    pub(crate) fn absolute_text(&self, relative: &str) -> Option<String> {
        is_image(relative).then(|| format!("{}{}{relative}", self.root.display(), std::path::MAIN_SEPARATOR))
    }

    /// Returns a path as the database stores it.
    pub(crate) fn stored_path(&self, path: &Path) -> String {
        let path = path.to_string_lossy();
        self.relative(&path).unwrap_or(&path).to_owned()
    }

    /// Returns the absolute form of a path from the database.
    pub(crate) fn absolute_path(&self, stored: &str) -> PathBuf {
        if is_image(stored) { self.root.join(stored) } else { stored.into() }
    }

    /// Splits the path of an image into its image folder and the path below that. Returns `None` if the path does not
    /// name an image of the home.
    pub(crate) fn split_image_path(&self, path: &Path) -> Option<(PathBuf, PathBuf)> {
        let below = |root: &Path| path.strip_prefix(root).ok().map(Path::to_owned);
        let relative = below(&self.root).or_else(|| below(&self.alias))?;
        for folder in [GENERATED, ATTACHMENTS] {
            if let Ok(rest) = relative.strip_prefix(folder) {
                let is_plain = rest.components().all(|part| matches!(part, Component::Normal(_)));
                return is_plain.then(|| (self.root.join(folder), rest.to_owned()));
            }
        }
        None
    }
}

/// Returns the path without symbolic links, or unchanged if it cannot be resolved.
pub(crate) fn real_path(path: &Path) -> PathBuf {
    dunce::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Returns whether a relative path begins with an image folder.
fn is_image(text: &str) -> bool {
    [GENERATED, ATTACHMENTS]
        .iter()
        .any(|folder| text.strip_prefix(folder).is_some_and(|rest| rest.starts_with(['/', '\\'])))
}
