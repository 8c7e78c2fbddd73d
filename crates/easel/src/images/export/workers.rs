//! Where pictures for exports are made: on the pool for blocking work, one export at a time.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use easel_picture::{Bounds, Limits, Picture};
use easel_store::EaselStore;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::ExportFailure;

/// How long a request waits for the worker and its work. The limits on pixels bound the work itself.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(60);
/// Exports that are made at once in the process. Each may have three pictures of 200 MB in memory: the decoded one, the
/// scaled one, and the samples that an encoder takes. A picture that is trimmed or cropped is one more.
const WORKERS: usize = 1;

/// What an export has made.
pub(super) struct Rendered<T> {
    pub(super) output: T,
    /// The permit of the worker. Held until the output is written, it bounds the files in memory too.
    pub(super) worker: OwnedSemaphorePermit,
}

/// Makes the pictures of exports. Cheap to clone.
#[derive(Clone)]
pub(crate) struct ExportWorkers {
    store: EaselStore,
    workers: Arc<Semaphore>,
}

impl ExportWorkers {
    pub(crate) fn new(store: EaselStore) -> Self {
        Self { store, workers: Arc::new(Semaphore::new(WORKERS)) }
    }

    /// Runs `work` with the files of stored images. Work that does not end in time is completed and discarded.
    ///
    /// # Errors
    /// If a file cannot be opened, the time limit has passed, and those of `work`.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        paths: Vec<PathBuf>,
        work: impl FnOnce(Vec<File>) -> Result<T, ExportFailure> + Send + 'static,
    ) -> Result<Rendered<T>, ExportFailure> {
        let run = async {
            let worker = Arc::clone(&self.workers).acquire_owned().await.map_err(|_| ExportFailure::Panic)?;
            let mut files = Vec::with_capacity(paths.len());
            for path in paths {
                files.push(self.store.open_image(path).await?);
            }
            let work = move || {
                // The work holds the permit, since it continues when nobody waits for it anymore.
                work(files).map(|output| Rendered { output, worker })
            };
            tokio::task::spawn_blocking(work).await.map_err(|_| ExportFailure::Panic)?
        };
        tokio::time::timeout(TIME_LIMIT, run).await.unwrap_or(Err(ExportFailure::Timeout))
    }
}

/// Decodes the whole picture of an image's file.
pub(super) fn decode(file: File) -> Result<Picture, ExportFailure> {
    Ok(easel_picture::read(file, Bounds::edge(u32::MAX), Limits::default())?)
}

#[cfg(test)]
mod tests {
    use easel_store::ImportLimits;

    use super::*;

    #[tokio::test]
    async fn output_keeps_its_worker_until_it_is_dropped() {
        let home = tempfile::tempdir().unwrap();
        let limits = ImportLimits { reference_bytes: 0, reference_pixels: 0 };
        let workers = ExportWorkers::new(EaselStore::open(home.path().to_owned(), limits));
        let Ok(rendered) = workers.run(Vec::new(), |_| Ok(1)).await else { panic!("nothing fails") };
        assert_eq!((rendered.output, workers.workers.available_permits()), (1, 0));
        drop(rendered);
        assert_eq!(workers.workers.available_permits(), WORKERS);
    }
}
