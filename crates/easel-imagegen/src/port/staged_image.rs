//! An image file on its way from a provider into a thread.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use easel_protocol::record::ImageFacts;

/// Deletes the file of a staged image.
type Remove = Box<dyn FnOnce(&Path) + Send>;

/// A complete image file that is not yet part of a thread. Dropping it removes the file.
pub struct StagedImage {
    path: PathBuf,
    facts: ImageFacts,
    /// Why the file is not in the folder of its thread, if the store had to write it elsewhere.
    pub displaced: Option<io::Error>,
    remove: Option<Remove>,
}

impl StagedImage {
    /// Creates a guard for the file at `path`, which `remove` deletes when the image is dropped.
    pub fn new(path: PathBuf, facts: ImageFacts, remove: impl FnOnce(&Path) + Send + 'static) -> Self {
        Self { path, facts, displaced: None, remove: Some(Box::new(remove)) }
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the format, size and hash of the content.
    pub fn facts(&self) -> &ImageFacts {
        &self.facts
    }

    /// Records that the file was renamed to `path`.
    pub fn set_path(&mut self, path: PathBuf) {
        self.path = path;
    }

    /// Returns the path and leaves the file where it is: from now on the caller owns it.
    pub fn into_path(mut self) -> PathBuf {
        self.remove = None;
        std::mem::take(&mut self.path)
    }
}

impl Drop for StagedImage {
    fn drop(&mut self) {
        if let Some(remove) = self.remove.take() {
            remove(&self.path);
        }
    }
}

impl fmt::Debug for StagedImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StagedImage").field("path", &self.path).field("facts", &self.facts).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use easel_protocol::record::MediaType;

    use super::*;

    fn stage(removed: &Arc<Mutex<Vec<PathBuf>>>) -> StagedImage {
        let facts = ImageFacts {
            sha256: String::new(),
            media_type: MediaType::Png,
            width: 1,
            height: 1,
            bytes: 1,
            has_alpha: false,
        };
        let removed = Arc::clone(removed);
        StagedImage::new("/x.png".into(), facts, move |path| removed.lock().unwrap().push(path.to_owned()))
    }

    #[test]
    fn dropping_removes_the_file() {
        let removed = Arc::default();
        drop(stage(&removed));
        assert_eq!(*removed.lock().unwrap(), [PathBuf::from("/x.png")]);
    }

    #[test]
    fn taking_the_path_keeps_the_file() {
        let removed = Arc::default();
        assert_eq!(stage(&removed).into_path(), Path::new("/x.png"));
        assert!(removed.lock().unwrap().is_empty());
    }
}
