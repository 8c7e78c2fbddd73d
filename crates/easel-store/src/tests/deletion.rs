//! Deleted threads, also when the process dies during a deletion.

use std::fs;
use std::path::{Path, PathBuf};

use easel_imagegen::port::{CallEnd, Store};
use easel_protocol::event::{Event, ThreadArchivedNotification};
use easel_protocol::id::ThreadId;
use easel_protocol::image::ImageListParams;
use easel_protocol::record::{Attachment, ImageRecord};
use easel_protocol::thread::ThreadListParams;
use rusqlite::Connection;

use super::sample::*;
use crate::EaselStore;
use crate::Fork;

/// Returns a store with [`THREAD`], whose turn shows an attachment and generated one image.
pub(super) async fn with_images(home: &Path) -> (EaselStore, Attachment, ImageRecord) {
    let store = store(home).await;
    let attachment = attach(&store, THREAD).await;
    store.append(vec![turn_started(TURN), model_item(shown_by_user(&[&attachment.id]))]).await.unwrap();
    store.reserve(call("c1")).await.unwrap();
    let made = made(vec![stage(&store, &png(4, 4, b"made"))]);
    let records = store.settle(THREAD, "c1", CallEnd::Generated { made, elapsed_ms: 1 }).await.unwrap();
    store.append(vec![turn_completed(TURN)]).await.unwrap();
    (store, attachment, records[0].clone())
}

async fn fork(store: &EaselStore, source: &str, id: &str) {
    let overrides = serde_json::Map::new();
    store.fork_thread(Fork { source: source.into(), thread: thread(id), overrides, last_turn: None }).await.unwrap();
}

async fn image_threads(store: &EaselStore) -> Vec<ThreadId> {
    let page = store.list_images(ImageListParams::default()).await.unwrap();
    page.data.into_iter().map(|entry| entry.thread_id).collect()
}

#[tokio::test]
async fn deleted_thread_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let (store, attachment, record) = with_images(home.path()).await;
    assert!(store.delete_thread(THREAD).await.unwrap());
    assert!(!Path::new(&attachment.path).exists() && !Path::new(&record.path).parent().unwrap().exists());
    assert_eq!(store.thread(THREAD).await.unwrap(), None);
    assert_eq!(store.find_image(&record.id).await.unwrap(), None);
    assert!(image_threads(&store).await.is_empty());
    assert!(!store.delete_thread(THREAD).await.unwrap());
    store.close().await;
    let database = Connection::open(home.path().join("easel.db")).unwrap();
    for table in ["threads", "turns", "items", "model_items", "images", "calls", "removals"] {
        let rows: u32 = database.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 0, "{table}");
    }
}

/// Whoever lists archived threads to delete them must not delete one that has come back meanwhile.
#[tokio::test]
async fn archived_thread_is_deleted_only_if_still_archived_and_old() {
    let home = tempfile::tempdir().unwrap();
    let (store, _, record) = with_images(home.path()).await;
    let updated_at = store.thread(THREAD).await.unwrap().unwrap().updated_at;
    assert!(!store.delete_archived_thread(THREAD, updated_at).await.unwrap(), "it is not archived");
    let thread_id: ThreadId = THREAD.into();
    store.append(vec![Event::ThreadArchived(ThreadArchivedNotification { thread_id })]).await.unwrap();
    assert!(!store.delete_archived_thread(THREAD, updated_at - 1).await.unwrap(), "it has changed");
    assert!(Path::new(&record.path).exists());
    assert!(store.delete_archived_thread(THREAD, updated_at).await.unwrap());
    assert!(!Path::new(&record.path).exists());
    assert_eq!(store.thread(THREAD).await.unwrap(), None);
}

#[tokio::test]
async fn images_stay_until_the_last_fork_is_deleted() {
    let home = tempfile::tempdir().unwrap();
    let (store, attachment, record) = with_images(home.path()).await;
    fork(&store, THREAD, "fork").await;
    fork(&store, "fork", "fork-of-fork").await;
    assert_eq!(image_threads(&store).await, [THREAD]);
    for (deleted, primary) in [(THREAD, "fork"), ("fork", "fork-of-fork")] {
        store.delete_thread(deleted).await.unwrap();
        assert!(Path::new(&attachment.path).exists() && Path::new(&record.path).exists(), "{deleted}");
        assert_eq!(image_threads(&store).await, [primary]);
        assert_eq!(store.load_thread(primary).await.unwrap().unwrap().images.len(), 2);
    }
    store.delete_thread("fork-of-fork").await.unwrap();
    assert!(!Path::new(&attachment.path).exists() && !Path::new(&record.path).parent().unwrap().exists());
}

#[tokio::test]
async fn promotion_skips_forks_that_deleted_the_image() {
    let home = tempfile::tempdir().unwrap();
    let (store, _, record) = with_images(home.path()).await;
    fork(&store, THREAD, "fork").await;
    fork(&store, THREAD, "other-fork").await;
    assert!(!store.delete_image("fork", &record.id).await.unwrap());
    store.delete_thread(THREAD).await.unwrap();
    assert_eq!(image_threads(&store).await, ["other-fork"]);
}

#[tokio::test]
async fn attachment_shared_with_another_thread_stays() {
    let home = tempfile::tempdir().unwrap();
    let (store, attachment, _) = with_images(home.path()).await;
    store.save_thread(thread("other"), None).await.unwrap();
    assert_eq!(attach(&store, "other").await.path, attachment.path);
    store.delete_thread(THREAD).await.unwrap();
    assert!(Path::new(&attachment.path).exists());
    store.delete_thread("other").await.unwrap();
    assert!(!Path::new(&attachment.path).exists());
}

/// The process died after the rows were deleted and before the files were removed.
#[tokio::test]
async fn next_start_removes_queued_files() {
    let home = tempfile::tempdir().unwrap();
    let (store, attachment, record) = with_images(home.path()).await;
    fork(&store, THREAD, "fork").await;
    store.close().await;
    let folder = PathBuf::from(&record.path).parent().unwrap().to_path_buf();
    let stray = folder.join("c2.png");
    fs::write(&stray, png(4, 4, b"unreferenced")).unwrap();
    let database = Connection::open(home.path().join("easel.db")).unwrap();
    let enqueue = |path: &Path| {
        database.execute("INSERT INTO removals VALUES (?1)", [path.to_string_lossy()]).unwrap();
    };
    enqueue(&folder);
    enqueue(Path::new(&attachment.path));
    let elsewhere = tempfile::NamedTempFile::new().unwrap();
    enqueue(elsewhere.path());
    database
        .execute_batch("DELETE FROM threads WHERE id = 'thread-1'; DELETE FROM images WHERE thread_id = 'thread-1'")
        .unwrap();

    let store = open(home.path());
    assert_eq!(store.list_threads(ThreadListParams::default()).await.unwrap().data.len(), 1);
    assert!(!stray.exists());
    assert!(Path::new(&record.path).exists() && Path::new(&attachment.path).exists(), "the fork references them");
    assert!(elsewhere.path().exists(), "nothing outside the home is removed");
    store.delete_thread("fork").await.unwrap();
    assert!(!folder.exists() && !Path::new(&attachment.path).exists());
}

#[tokio::test]
async fn many_images_are_removed_with_their_thread() {
    let home = tempfile::tempdir().unwrap();
    let (store, _, record) = with_images(home.path()).await;
    let folder = PathBuf::from(&record.path).parent().unwrap().to_path_buf();
    for number in 0..150 {
        let call_id = format!("many-{number}");
        store.reserve(call(&call_id)).await.unwrap();
        let made = made(vec![stage(&store, &png(1, 1, call_id.as_bytes()))]);
        store.settle(THREAD, &call_id, CallEnd::Generated { made, elapsed_ms: 1 }).await.unwrap();
    }
    // A process died after it renamed a file and before it removed it.
    fs::rename(&record.path, folder.join(".removed-c1.png")).unwrap();
    store.delete_thread(THREAD).await.unwrap();
    assert!(!folder.exists());
}
