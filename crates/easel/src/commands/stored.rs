//! The commands that list, sum up or clean up what is stored, and how they open the store.

pub(crate) mod images;
pub(crate) mod prune;
pub(crate) mod threads;
pub(crate) mod usage;

use std::error::Error;

use easel_config::Environment;
use easel_store::{EaselStore, ImportLimits};

/// Runs `work` with the store of the home, and closes the store.
///
/// # Errors
/// If the home cannot be created, and those of `work`.
pub(crate) fn with_store(
    environment: &Environment,
    work: impl AsyncFnOnce(&EaselStore) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let home = easel_config::home(environment)?;
    easel_config::create_home(&home)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // No command imports an image.
        let store = EaselStore::open(home, ImportLimits { reference_bytes: 0, reference_pixels: 0 });
        let result = work(&store).await;
        store.close().await;
        result
    })
}
