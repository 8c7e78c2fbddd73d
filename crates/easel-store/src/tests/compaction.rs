//! A catalogue in the conversation: what is loaded after it, in a fork, and after a revert.

use easel_imagegen::port::{CallEnd, Store};
use easel_protocol::event::{Event, RawResponseItemCompletedNotification};
use easel_protocol::response_item::{Catalogue, CatalogueImage, ContentItem, MessageRole, ResponseItem};
use serde_json::Map;

use super::sample::*;
use crate::{Fork, RevertRange};

fn message(text: &str) -> ResponseItem {
    let content = vec![ContentItem::InputText { text: text.into() }];
    ResponseItem::Message { role: MessageRole::User, content }
}

fn compaction(kept_items: u64, images: Vec<CatalogueImage>) -> ResponseItem {
    let messages = vec![format!("before the last {kept_items}")];
    ResponseItem::ContextCompaction(Box::new(Catalogue { kept_items, messages, images, ..Catalogue::default() }))
}

/// Returns the events of a turn with these items of the conversation.
fn turn_with(id: &str, items: Vec<ResponseItem>) -> Vec<Event> {
    let raw = |item| {
        let (thread_id, turn_id) = (THREAD.into(), id.into());
        Event::RawResponseItemCompleted(RawResponseItemCompletedNotification { thread_id, turn_id, item })
    };
    [turn_started(id)].into_iter().chain(items.into_iter().map(raw)).chain([turn_completed(id)]).collect()
}

async fn history(store: &crate::EaselStore, thread_id: &str) -> Vec<ResponseItem> {
    store.load_thread(thread_id).await.unwrap().unwrap().history
}

#[tokio::test]
async fn newest_catalogue_stands_for_older_items() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    for (id, items) in [
        ("1", vec![message("a"), message("b")]),
        ("2", vec![message("c"), compaction(1, Vec::new()), message("d")]),
        ("3", vec![message("e"), compaction(2, Vec::new())]),
    ] {
        store.append(turn_with(id, items)).await.unwrap();
    }
    assert_eq!(history(&store, THREAD).await, [compaction(2, Vec::new()), message("d"), message("e")]);

    let fork = |thread_id: &str, last_turn: &str| Fork {
        source: THREAD.into(),
        thread: thread(thread_id),
        overrides: Map::new(),
        last_turn: Some(last_turn.into()),
    };
    let second = [compaction(1, Vec::new()), message("c"), message("d")];
    store.fork_thread(fork("copy", "2")).await.unwrap();
    assert_eq!(history(&store, "copy").await, second);
    store.revert_turns(THREAD, RevertRange::Newest(1)).await.unwrap();
    assert_eq!(history(&store, THREAD).await, second);
    store.revert_turns(THREAD, RevertRange::Newest(1)).await.unwrap();
    assert_eq!(history(&store, THREAD).await, [message("a"), message("b")]);
}

#[tokio::test]
async fn catalogue_marks_deleted_images() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.append(vec![turn_started(TURN)]).await.unwrap();
    let mut images = Vec::new();
    for call_id in ["c1", "c2"] {
        store.reserve(call(call_id)).await.unwrap();
        let made = made(vec![stage(&store, &png(1, 1, call_id.as_bytes()))]);
        let end = CallEnd::Generated { made, elapsed_ms: 1 };
        let id = store.settle(THREAD, call_id, end).await.unwrap().remove(0).id;
        let (edited_from, prompt) = (Vec::new(), Some("a cat".to_owned()));
        images.push(CatalogueImage { id, width: 1, height: 1, edited_from, prompt, is_deleted: false });
    }
    store.append(vec![model_item(compaction(0, images.clone())), turn_completed(TURN)]).await.unwrap();
    store.delete_image(THREAD, &images[0].id).await.unwrap();
    images[0].is_deleted = true;
    assert_eq!(history(&store, THREAD).await, [compaction(0, images)]);
}
