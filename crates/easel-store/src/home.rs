//! Where things lie in Easel's home.

pub(crate) mod file_name;
pub(crate) mod image_lines;
pub(crate) mod relative_paths;
pub(crate) mod stored_paths;

use std::path::{Component, Path, PathBuf};

use crate::error::Error;
use crate::os;

/// Folder of the images that calls made, one folder a thread. It may be a symbolic link to another disk.
pub(crate) const GENERATED: &str = "generated_images";
/// Folder of the images that users gave. It may be a symbolic link to another disk.
pub(crate) const ATTACHMENTS: &str = "attachments";

/// Path of Easel's home, and the names below it.
#[derive(Debug)]
pub(crate) struct Home {
    /// The same for every process, by whatever name it was given the home.
    root: PathBuf,
    given: PathBuf,
}

impl Home {
    /// `root` must be absolute. It is created if it is not there.
    pub(crate) fn new(root: PathBuf) -> Self {
        if let Err(error) = os::create_private_folder(&root) {
            // Opening the database fails, and says why.
            tracing::debug!(%error, ?root, "the home could not be created");
        }
        Self { root: os::real_path(&root), given: root }
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.root.join("easel.db")
    }

    /// Lock files of running processes.
    pub(crate) fn run(&self) -> PathBuf {
        self.root.join("run")
    }

    pub(crate) fn thread_images(&self, thread_id: &str) -> PathBuf {
        self.root.join(GENERATED).join(file_name::from_id(thread_id))
    }

    /// Images that users gave, by content hash.
    pub(crate) fn attachments(&self) -> PathBuf {
        self.root.join(ATTACHMENTS)
    }

    /// Attachments that are still being copied, apart from the finished ones so that a start need not look through
    /// those.
    pub(crate) fn incoming(&self) -> PathBuf {
        self.attachments().join("incoming")
    }

    /// Creates the folder that every process needs, closed to other users.
    pub(crate) fn prepare(&self) -> Result<(), Error> {
        let run = self.run();
        os::create_private_folder(&run).map_err(Error::io("create the folder", &run))?;
        // Without it no image can be attached, and the attempt says why: the disk it is on may come back.
        if let Err(error) = os::create_private_folder(&self.incoming()) {
            tracing::warn!(%error, path = ?self.incoming(), "the folder of attachments cannot be used");
        }
        Ok(())
    }

    /// Whether a path without links lies in the home, or in a folder of images that is a link to elsewhere.
    pub(crate) fn contains(&self, real: &Path) -> bool {
        let folders = [self.root.clone(), self.root.join(GENERATED), self.attachments()];
        folders.iter().any(|folder| real.starts_with(os::real_path(folder)))
    }

    /// A text that begins with the path of an image of the home, from the home on; also a relative one.
    pub(crate) fn relative<'a>(&self, text: &'a str) -> Option<&'a str> {
        let below = |root: &Path| text.strip_prefix(&*root.to_string_lossy())?.strip_prefix(std::path::is_separator);
        [text].into_iter().chain(below(&self.root)).chain(below(&self.given)).find(|rest| is_image(rest))
    }

    /// The absolute path of an image, from a text that begins with a path of the database.
    pub(crate) fn absolute_text(&self, relative: &str) -> Option<String> {
        is_image(relative).then(|| format!("{}{}{relative}", self.root.display(), std::path::MAIN_SEPARATOR))
    }

    /// A path as the database has it.
    pub(crate) fn stored(&self, path: &Path) -> String {
        let path = path.to_string_lossy();
        self.relative(&path).unwrap_or(&path).to_owned()
    }

    /// A path of the database, absolute.
    pub(crate) fn absolute(&self, stored: &str) -> PathBuf {
        if is_image(stored) { self.root.join(stored) } else { stored.into() }
    }

    /// The folder of images that the path lies in, and the path below it; `None` when it names no image of the home.
    pub(crate) fn image_path(&self, path: &Path) -> Option<(PathBuf, PathBuf)> {
        let below = |root: &Path| path.strip_prefix(root).ok().map(Path::to_owned);
        let relative = below(&self.root).or_else(|| below(&self.given))?;
        for folder in [GENERATED, ATTACHMENTS] {
            if let Ok(rest) = relative.strip_prefix(folder) {
                let is_plain = rest.components().all(|part| matches!(part, Component::Normal(_)));
                return is_plain.then(|| (self.root.join(folder), rest.to_owned()));
            }
        }
        None
    }
}

/// Whether a relative path begins with a folder of images.
fn is_image(text: &str) -> bool {
    [GENERATED, ATTACHMENTS]
        .iter()
        .any(|folder| text.strip_prefix(folder).is_some_and(|rest| rest.starts_with(['/', '\\'])))
}
