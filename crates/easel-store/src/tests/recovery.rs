//! Recovery of dead processes. Closing a store without ending its work frees its lock, so that other stores treat it
//! like a killed process.

mod calls;
mod composites;
mod files;
mod hosted;
mod leases;

use easel_imagegen::port::{CallStart, StagedImage, Store};
use easel_protocol::item::{ImageGenerationItem, ThreadItem};

use super::sample::*;
use crate::EaselStore;

/// Returns a store with a running image call `c1`, in history and in the journal.
async fn drawing_store(home: &std::path::Path) -> EaselStore {
    let store = store(home).await;
    start_call(&store, call("c1")).await;
    store
}

async fn start_call(store: &EaselStore, call: CallStart) {
    let image = ThreadItem::ImageGeneration(Box::new(drawing(&call.item_id)));
    let events = vec![turn_started(TURN), model_item(function_call(&call.item_id)), item_started(TURN, image)];
    store.append(events).await.unwrap();
    store.reserve(call).await.unwrap();
}

/// Leaves the staged file on disk, as a killed process does.
fn abandon(staged: StagedImage) {
    staged.into_path();
}

async fn image_items(store: &EaselStore) -> Vec<ImageGenerationItem> {
    let items = items(store).await.into_iter().filter_map(|item| match item {
        ThreadItem::ImageGeneration(image) => Some(*image),
        ThreadItem::UserMessage(_)
        | ThreadItem::AgentMessage(_)
        | ThreadItem::Reasoning(_)
        | ThreadItem::ContextCompaction(_) => None,
    });
    items.collect()
}

async fn only_image(store: &EaselStore) -> ImageGenerationItem {
    image_items(store).await.remove(0)
}
