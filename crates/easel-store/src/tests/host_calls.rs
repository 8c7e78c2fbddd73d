//! Calls of clients. Closing a store without ending its work leaves the same state as killing its process.

use std::path::Path;

use easel_imagegen::image_item;
use easel_imagegen::port::{CallEnd, CallStart, Store, image_error};
use easel_protocol::id::ImageId;
use easel_protocol::item::{ImageGenerationItem, ImageStatus, ThreadItem};
use easel_protocol::record::{Billed, ImageErrorKind, ImageRecord};
use easel_protocol::thread::Thread;
use easel_protocol::usage::UsageReadParams;

use super::deletion::with_images;
use super::sample::*;
use crate::{EaselStore, Fork, HostCallEnd, HostCallRequest, KnownHostCall, RevertRange};

fn request(call_id: &str, hash: u8) -> HostCallRequest {
    HostCallRequest {
        thread_id: THREAD.into(),
        call_id: call_id.into(),
        preferred_item_id: call_id.into(),
        hash: [hash; 32],
    }
}

/// The end of the call `c1`, which must be known.
async fn end_of(store: &EaselStore) -> HostCallEnd {
    let KnownHostCall::Ended(end) = store.find_host_call(request("c1", 1)).await.unwrap() else { panic!("not ended") };
    *end
}

/// Begins the call `c1` and its item.
async fn begin(store: &EaselStore) {
    assert_eq!(store.begin_host_call(request("c1", 1)).await.unwrap(), "c1");
    let item = ThreadItem::ImageGeneration(Box::new(ImageGenerationItem::new("c1".into(), 1_005_000)));
    store.append(vec![turn_started(TURN), item_started(TURN, item)]).await.unwrap();
}

#[tokio::test]
async fn call_without_an_item_has_not_begun() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    assert_eq!(store.find_host_call(request("c1", 1)).await.unwrap(), KnownHostCall::New);
    assert_eq!(store.begin_host_call(request("c1", 1)).await.unwrap(), "c1");
    store.close().await;
    let store = open(home.path());
    assert_eq!(store.find_host_call(request("c1", 1)).await.unwrap(), KnownHostCall::New);
    assert_eq!(store.find_host_call(request("c1", 2)).await.unwrap(), KnownHostCall::Different);
    assert_eq!(store.begin_host_call(request("c1", 1)).await.unwrap(), "c1", "the same item");
    assert_eq!(store.find_free_number(THREAD, "c1", 1).await.unwrap(), 2, "no other item gets the id");
}

#[tokio::test]
async fn used_id_gets_a_number() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.append(vec![turn_started(TURN), item_completed(TURN, user("c1", "a cat"))]).await.unwrap();
    assert_eq!(store.begin_host_call(request("c1", 1)).await.unwrap(), "c1-2");
    assert_eq!(
        store.begin_host_call(HostCallRequest { call_id: "c".into(), ..request("c1", 1) }).await.unwrap(),
        "c1-3"
    );
}

/// Only images are left of a reverted turn in a fork.
#[tokio::test]
async fn id_of_an_inherited_image_gets_a_number() {
    let home = tempfile::tempdir().unwrap();
    let (store, inherited) = with_reverted_fork(home.path()).await;
    let request = HostCallRequest { thread_id: "fork".into(), ..request("c1", 1) };
    assert_eq!(store.begin_host_call(request).await.unwrap(), "c1-2");
    assert!(store.find_image(&inherited).await.unwrap().is_some());
}

/// Earlier versions gave the id of an inherited image to another call.
#[tokio::test]
async fn images_of_two_calls_with_one_id_are_not_mixed() {
    let home = tempfile::tempdir().unwrap();
    let (store, inherited) = with_reverted_fork(home.path()).await;
    store.reserve(CallStart { thread_id: "fork".into(), ..call("c1") }).await.unwrap();
    let end = || {
        let made = made(vec![write_and_stage(&store.files("fork"), &png(2, 2, b"two"))]);
        CallEnd::Generated { made, elapsed_ms: 1 }
    };
    let records = store.settle("fork", "c1", end()).await.unwrap();
    assert_ne!(records[0].id, inherited);
    assert_eq!(store.settle("fork", "c1", end()).await.unwrap(), records, "the first result");
    let params = UsageReadParams { thread_id: Some("fork".into()), ..UsageReadParams::default() };
    let used = store.list_usage(params).await.unwrap().totals.remove(0);
    assert_eq!((used.images, used.input_tokens, used.output_tokens), (1, 1, 2));
}

/// Returns a store with a fork without turns, and the image that it inherited from the call `c1`.
async fn with_reverted_fork(home: &Path) -> (EaselStore, ImageId) {
    let (store, _, record) = with_images(home).await;
    let overrides = serde_json::Map::new();
    let fork = Fork { source: THREAD.into(), thread: thread("fork"), overrides, last_turn: None };
    store.fork_thread(fork).await.unwrap();
    store.revert_turns("fork", RevertRange::Newest(1)).await.unwrap();
    (store, record.id)
}

#[tokio::test]
async fn call_of_a_dead_process_may_have_been_billed() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    begin(&store).await;
    assert_eq!(end_of(&store).await.error.unwrap().billed, Billed::Uncertain, "its end is not written");
    store.reserve(call("c1")).await.unwrap();
    store.close().await;
    let end = end_of(&open(home.path())).await;
    let error = end.error.unwrap();
    assert_eq!((error.kind, error.billed, end.images.len()), (ImageErrorKind::Interrupted, Billed::Uncertain, 0));
    assert_eq!((&*end.turn_id, &*end.item_id), (TURN, "c1"));
}

#[tokio::test]
async fn end_of_a_call_is_that_of_its_item() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    begin(&store).await;
    let mut item = ImageGenerationItem::new("c1".into(), 1_005_000);
    item.status = ImageStatus::Failed;
    item.completed_at_ms = Some(1_006_000);
    item.error = Some(image_error(ImageErrorKind::InvalidArguments, "no prompt"));
    let error = item.error.clone();
    store.append(vec![item_completed(TURN, ThreadItem::ImageGeneration(Box::new(item)))]).await.unwrap();
    assert_eq!(end_of(&store).await.error, error);
}

/// Begins the call, and settles it with one image.
async fn settle_image(store: &EaselStore) -> Vec<ImageRecord> {
    begin(store).await;
    store.reserve(call("c1")).await.unwrap();
    let made = made(vec![stage(store, &png(1, 1, b"a"))]);
    store.settle(THREAD, "c1", CallEnd::Generated { made, elapsed_ms: 7 }).await.unwrap()
}

#[tokio::test]
async fn call_of_a_reverted_turn_ends_as_the_journal_says() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let records = settle_image(&store).await;
    let mut item = ImageGenerationItem::new("c1".into(), 1_005_000);
    image_item::complete(&mut item, records.clone(), None, None);
    item.completed_at_ms = Some(1_006_000);
    let item = ThreadItem::ImageGeneration(Box::new(item));
    store.append(vec![item_completed(TURN, item), turn_completed(TURN)]).await.unwrap();
    assert_eq!(end_of(&store).await.images, records);
    store.revert_turns(THREAD, RevertRange::Newest(1)).await.unwrap();
    assert_eq!(end_of(&store).await.images, records);
}

#[tokio::test]
async fn call_whose_end_history_lacks_ends_as_the_journal_says() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let records = settle_image(&store).await;
    let end = end_of(&store).await;
    assert_eq!((end.images, end.error), (records, None));
}

#[tokio::test]
async fn calls_end_with_their_thread() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    for ephemeral in [false, true] {
        store.save_thread(Thread { ephemeral, ..thread(THREAD) }, None).await.unwrap();
        store.begin_host_call(request("c1", 1)).await.unwrap();
        assert_eq!(store.find_host_call(request("c1", 2)).await.unwrap(), KnownHostCall::Different);
        store.acquire_writer(THREAD).await.unwrap();
        store.delete_thread(THREAD).await.unwrap();
        assert_eq!(store.find_host_call(request("c1", 2)).await.unwrap(), KnownHostCall::New);
    }
}
