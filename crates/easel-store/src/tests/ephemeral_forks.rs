//! Images that an ephemeral fork inherits from its source.

use std::path::Path;
use std::slice;

use easel_imagegen::port::{CallEnd, CallStart, Provenance, Reference, Store};
use easel_protocol::id::{ImageId, ThreadId};
use easel_protocol::image::ImageListParams;
use easel_protocol::record::ImageRecord;
use easel_protocol::thread::Thread;
use rusqlite::Connection;

use super::deletion::with_images;
use super::sample::*;
use crate::{EaselStore, Fork};

const FORK: &str = "fork";

/// Returns a store with a fork of a thread that generated an image.
async fn with_fork(home: &Path, ephemeral: bool) -> (EaselStore, ImageRecord) {
    let (store, _, record) = with_images(home).await;
    let overrides = serde_json::Map::new();
    let thread = Thread { ephemeral, ..thread(FORK) };
    store.fork_thread(Fork { source: THREAD.into(), thread, overrides, last_turn: None }).await.unwrap();
    assert_eq!(images_of(&store, FORK).await, slice::from_ref(&record.id));
    (store, record)
}

/// Returns the images of a thread, newest first.
async fn images_of(store: &EaselStore, thread_id: &str) -> Vec<ImageId> {
    let params = ImageListParams { thread_id: Some(ThreadId::from(thread_id)), ..ImageListParams::default() };
    store.list_images(params).await.unwrap().data.into_iter().map(|entry| entry.image.id).collect()
}

#[tokio::test]
async fn inherited_images_end_with_their_ephemeral_fork() {
    for process_dies in [false, true] {
        let home = tempfile::tempdir().unwrap();
        let (mut store, record) = with_fork(home.path(), true).await;
        if process_dies {
            store.close().await;
            store = open(home.path());
        } else {
            store.end_ephemeral_thread(FORK).await.unwrap();
        }
        assert!(images_of(&store, FORK).await.is_empty(), "{process_dies}");
        assert_eq!(images_of(&store, THREAD).await, slice::from_ref(&record.id));
        assert!(Path::new(&record.path).exists());
        store.delete_thread(THREAD).await.unwrap();
        assert!(!Path::new(&record.path).exists(), "{process_dies}");
        assert_eq!(store.find_image(&record.id).await.unwrap(), None);
    }
}

#[tokio::test]
async fn inherited_input_stays_with_the_image_made_from_it() {
    let home = tempfile::tempdir().unwrap();
    let (store, record) = with_fork(home.path(), true).await;
    let (path, facts) = (record.path.clone().into(), record.facts.clone());
    let input = Reference { id: Some(record.id.clone()), path, facts, provenance: Provenance::Generated };
    store.reserve(CallStart { thread_id: FORK.into(), inputs: vec![input], ..call("c2") }).await.unwrap();
    let made = made(vec![write_and_stage(&store.files(FORK), &png(4, 4, b"edit"))]);
    let edit = store.settle(FORK, "c2", CallEnd::Generated { made, elapsed_ms: 1 }).await.unwrap().remove(0);
    store.end_ephemeral_thread(FORK).await.unwrap();
    assert_eq!(images_of(&store, FORK).await, [edit.id.clone(), record.id.clone()]);
    assert!(store.delete_image(FORK, &edit.id).await.unwrap());
    assert!(images_of(&store, FORK).await.is_empty());
    assert_eq!(images_of(&store, THREAD).await, [record.id]);
}

/// Earlier versions left the images of an ephemeral fork behind.
#[tokio::test]
async fn inherited_images_of_ended_forks_are_migrated_away() {
    let home = tempfile::tempdir().unwrap();
    let (store, record) = with_fork(home.path(), false).await;
    store.close().await;
    let database = Connection::open(home.path().join("easel.db")).unwrap();
    database.execute_batch("DELETE FROM threads WHERE id = 'fork'; PRAGMA user_version = 17;").unwrap();
    drop(database);
    let store = open(home.path());
    assert!(images_of(&store, FORK).await.is_empty());
    assert_eq!(images_of(&store, THREAD).await, [record.id]);
    assert!(Path::new(&record.path).exists());
}
