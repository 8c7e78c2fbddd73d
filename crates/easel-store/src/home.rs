//! Where things lie in Easel's home.

use std::path::{Path, PathBuf};

use crate::fault::Fault;
use crate::{name, os};

/// Absolute path of Easel's home, and the names below it.
#[derive(Debug)]
pub(crate) struct Home {
    root: PathBuf,
}

impl Home {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.root.join("easel.db")
    }

    /// Lock files of running processes.
    pub(crate) fn run(&self) -> PathBuf {
        self.root.join("run")
    }

    pub(crate) fn thread_images(&self, thread_id: &str) -> PathBuf {
        self.root.join("generated_images").join(name::from_id(thread_id))
    }

    /// Images that users gave, by content hash.
    pub(crate) fn attachments(&self) -> PathBuf {
        self.root.join("attachments")
    }

    /// Attachments that are still being copied, apart from the finished ones so that a start need not look through
    /// those.
    pub(crate) fn incoming(&self) -> PathBuf {
        self.attachments().join("incoming")
    }

    /// Creates the folders that every process needs, closed to other users.
    pub(crate) fn prepare(&self) -> Result<(), Fault> {
        for folder in [self.run(), self.incoming()] {
            os::create_private_folder(&folder).map_err(Fault::io("could not create the folder", &folder))?;
        }
        Ok(())
    }

    /// The path relative to the home, when it names a file among Easel's images.
    pub(crate) fn image_path<'a>(&self, path: &'a Path) -> Option<&'a Path> {
        let relative = path.strip_prefix(&self.root).ok()?;
        (relative.starts_with("generated_images") || relative.starts_with("attachments")).then_some(relative)
    }
}
