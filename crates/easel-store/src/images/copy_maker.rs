//! Makes the copies that models see, one at a time in the process.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use easel_imagegen::model_copy::{CopySize, ModelCopies, ModelCopy};
use easel_imagegen::port::Reference;
use tokio::sync::Semaphore;

use super::model_copies;
use crate::home::Home;

/// Maximum number of images that are remembered to have no copy.
const MAX_WITHOUT_COPY: usize = 1_024;

/// Finds and makes copies. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct CopyMaker {
    /// A copy may take much memory, so only one is made at a time.
    permit: Arc<Semaphore>,
    /// Images whose copy would not be smaller or could not be made. Without it, every request would try again.
    without_copy: Arc<Mutex<HashSet<(PathBuf, CopySize)>>>,
}

impl CopyMaker {
    pub(crate) fn new() -> Self {
        Self { permit: Arc::new(Semaphore::new(1)), without_copy: Arc::default() }
    }

    /// Returns the copies of these images, and makes those that do not exist. A copy that is being made when the future
    /// is dropped is completed.
    pub(crate) async fn copies(&self, home: &Arc<Home>, images: Vec<(Reference, CopySize)>) -> ModelCopies {
        let mut copies = ModelCopies::new();
        let (images, found) = find_all(home, images).await;
        for ((image, size), found) in images.into_iter().zip(found) {
            let copy = match found {
                Some(copy) => Some(copy),
                None => self.make(home, image.clone(), size).await,
            };
            if let (Some(id), Some(copy)) = (image.id, copy) {
                copies.insert(id, copy);
            }
        }
        copies
    }

    async fn make(&self, home: &Arc<Home>, image: Reference, size: CopySize) -> Option<ModelCopy> {
        let key = (image.path.clone(), size);
        if self.without_copy.lock().unwrap_or_else(PoisonError::into_inner).contains(&key) {
            return None;
        }
        let permit = Arc::clone(&self.permit).acquire_owned().await.ok()?;
        let home = Arc::clone(home);
        let make = move || {
            let _permit = permit;
            // Another thread may have made it while this one waited.
            let found = model_copies::find(&home, &image, size);
            found.map_or_else(|| model_copies::make(&home, &image, size), |copy| Ok(Some(copy)))
        };
        let error: Box<dyn std::error::Error + Send + Sync> = match tokio::task::spawn_blocking(make).await {
            Ok(Ok(Some(copy))) => return Some(copy),
            Ok(Ok(None)) => "the copy would not be smaller".into(),
            Ok(Err(error)) => error.into(),
            Err(panic) => panic.into(),
        };
        tracing::info!(path = ?key.0, error = &*error as &dyn std::error::Error, "a model sees an image's file, not a copy");
        let mut without_copy = self.without_copy.lock().unwrap_or_else(PoisonError::into_inner);
        if without_copy.len() == MAX_WITHOUT_COPY {
            without_copy.clear();
        }
        without_copy.insert(key);
        None
    }
}

/// Looks for the copies that exist. Returns them in the order of the images.
async fn find_all(
    home: &Arc<Home>,
    images: Vec<(Reference, CopySize)>,
) -> (Vec<(Reference, CopySize)>, Vec<Option<ModelCopy>>) {
    let home = Arc::clone(home);
    let find = move || {
        let found = images.iter().map(|(image, size)| model_copies::find(&home, image, *size)).collect();
        (images, found)
    };
    tokio::task::spawn_blocking(find).await.unwrap_or_default()
}
