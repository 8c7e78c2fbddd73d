use easel_imagegen::port::{CallEnd, ImageSource, Origin, StorageErrorKind, Store};
use easel_protocol::event::{
    Event, ThreadArchivedNotification, ThreadNameUpdatedNotification, ThreadStartedNotification, ThreadTokenUsage,
    ThreadTokenUsageUpdatedNotification, TokenUsage,
};
use easel_protocol::input::UserInput;
use easel_protocol::item::{ImageStatus, ThreadItem};
use easel_protocol::response_item::{ContentItem, MessageRole, ResponseItem};
use easel_protocol::thread::{Thread, ThreadListParams, ThreadStatus};
use easel_protocol::turn::{Turn, TurnItemsView, TurnStatus};
use serde_json::json;

use super::sample::*;

#[tokio::test]
async fn saved_thread_is_read_back() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let read = store.thread(THREAD).await.unwrap().unwrap();
    assert_eq!(read, Thread { status: ThreadStatus::NotLoaded {}, ..thread(THREAD) });
    assert_eq!(store.thread("unknown").await.unwrap(), None);
    assert_eq!(store.load_thread("unknown").await.unwrap(), None);
}

#[tokio::test]
async fn second_save_updates_only_the_given_fields() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path());
    let overrides = json!({ "image.quality": "low" }).as_object().unwrap().clone();
    store.save_thread(thread(THREAD), Some(overrides.clone())).await.unwrap();
    store.append(vec![turn_started(TURN), item_completed(TURN, user("u1", "a cat"))]).await.unwrap();
    let moved = Thread { cwd: "/elsewhere".into(), ..thread(THREAD) };
    let started = Event::ThreadStarted(Box::new(ThreadStartedNotification { thread: moved }));
    store.append(vec![started]).await.unwrap();
    let loaded = store.load_thread(THREAD).await.unwrap().unwrap();
    assert_eq!(loaded.overrides, overrides);
    assert_eq!((loaded.thread.cwd.as_str(), loaded.thread.preview.as_str()), ("/elsewhere", "a cat"));
    assert_eq!(loaded.thread.updated_at, 1_005);
}

#[tokio::test]
async fn turn_is_read_back_with_ordered_items() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let image = ThreadItem::ImageGeneration(Box::new(drawing("c1")));
    let events = vec![
        turn_started(TURN),
        item_started(TURN, user("u1", "a cat")),
        item_completed(TURN, user("u1", "a cat")),
        item_started(TURN, image.clone()),
        item_completed(TURN, agent("a1", "Done.")),
        item_completed(TURN, image.clone()),
        turn_completed(TURN),
    ];
    store.append(events).await.unwrap();
    let full = store.load_all_turns(THREAD, TurnItemsView::Full).await.unwrap();
    let items = vec![user("u1", "a cat"), image, agent("a1", "Done.")];
    let expected = Turn { items, items_view: TurnItemsView::Full, ..turn(TURN, TurnStatus::Completed) };
    assert_eq!(full, [expected]);
    let summary = store.load_all_turns(THREAD, TurnItemsView::Summary).await.unwrap();
    assert_eq!(summary[0].items, [user("u1", "a cat"), agent("a1", "Done.")]);
    assert_eq!(store.thread(THREAD).await.unwrap().unwrap().updated_at, 1_007);
}

#[tokio::test]
async fn failed_append_leaves_no_rows() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path());
    store.append(vec![turn_started(TURN)]).await.unwrap_err();
    store.save_thread(thread(THREAD), None).await.unwrap();
    // The second event fails, so the first is not kept either.
    let events = vec![turn_started(TURN), item_completed("unknown-turn", user("u1", "a cat"))];
    store.append(events).await.unwrap_err();
    assert_eq!(store.load_all_turns(THREAD, TurnItemsView::Full).await.unwrap(), []);
}

#[tokio::test]
async fn preview_is_the_start_of_the_first_message() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let first = item_completed(TURN, user("u1", &"ü".repeat(300)));
    let second = item_completed(TURN, user("u2", "another"));
    store.append(vec![turn_started(TURN), first, second]).await.unwrap();
    assert_eq!(store.thread(THREAD).await.unwrap().unwrap().preview, "ü".repeat(200));
}

#[tokio::test]
async fn events_update_name_archive_and_usage() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let total = TokenUsage { total_tokens: 7, ..TokenUsage::default() };
    let token_usage = ThreadTokenUsage { total, ..ThreadTokenUsage::default() };
    let thread_id = || THREAD.to_owned();
    let events = vec![
        Event::ThreadNameUpdated(ThreadNameUpdatedNotification {
            thread_id: thread_id().into(),
            thread_name: Some("Cats".into()),
        }),
        Event::ThreadTokenUsageUpdated(ThreadTokenUsageUpdatedNotification {
            thread_id: thread_id().into(),
            turn_id: TURN.into(),
            token_usage,
        }),
        Event::ThreadArchived(ThreadArchivedNotification { thread_id: thread_id().into() }),
    ];
    store.append(events).await.unwrap();
    let loaded = store.load_thread(THREAD).await.unwrap().unwrap();
    assert_eq!((loaded.thread.name.as_deref(), loaded.usage), (Some("Cats"), total));
    let archived = |archived| ThreadListParams { archived: Some(archived), ..ThreadListParams::default() };
    assert_eq!(store.list_threads(archived(true)).await.unwrap().data.len(), 1);
    assert_eq!(store.list_threads(archived(false)).await.unwrap().data.len(), 0);
}

#[tokio::test]
async fn another_process_sees_a_running_image() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let image = ThreadItem::ImageGeneration(Box::new(drawing("c1")));
    store.append(vec![turn_started(TURN), item_started(TURN, image.clone())]).await.unwrap();
    let other = open(home.path());
    assert_eq!(items(&other).await, [image]);
}

#[tokio::test]
async fn no_base64_reaches_the_database() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let payload = "QkFTRTY0".repeat(64);
    let url = format!("data:image/png;base64,{payload}");
    let mut image = drawing("c1");
    (image.status, image.result) = (ImageStatus::Completed, payload.clone());
    let ThreadItem::UserMessage(mut message) = user("u1", "a cat") else { panic!("not a message") };
    message.content.push(UserInput::Image { url: url.clone(), detail: None });
    let shown = || vec![ContentItem::InputImage { image_url: url.clone(), detail: None }];
    let hosted = |result: &str| ResponseItem::ImageGenerationCall {
        id: "c1".into(),
        status: "completed".into(),
        revised_prompt: None,
        result: result.into(),
    };
    let events = vec![
        turn_started(TURN),
        item_completed(TURN, ThreadItem::UserMessage(message)),
        item_completed(TURN, ThreadItem::ImageGeneration(Box::new(image))),
        model_item(ResponseItem::Message { role: MessageRole::User, content: shown() }),
        model_item(ResponseItem::FunctionCallOutput { call_id: "c1".into(), output: shown() }),
        model_item(hosted(&payload)),
        model_item(hosted("easel:img_0")),
    ];
    store.append(events).await.unwrap();
    let source = ImageSource::DataUrl(format!("data:image/png;base64,{}", base64(&png(1, 1, payload.as_bytes()))));
    store.import_image(THREAD, source).await.unwrap();
    let ThreadItem::ImageGeneration(image) = &items(&store).await[1] else { panic!("not an image") };
    assert_eq!(image.result, "");
    let history = store.load_thread(THREAD).await.unwrap().unwrap().history;
    assert_eq!(history[2..], [hosted(""), hosted("easel:img_0")]);
    for name in names(home.path()).iter().filter(|name| name.starts_with("easel.db")) {
        let bytes = std::fs::read(home.path().join(name)).unwrap();
        let contains = |needle: &str| bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
        assert!(!contains("QkFTRTY0"), "{name}");
        assert!(!contains("iVBORw0KGgo"), "{name}");
    }
}

#[tokio::test]
async fn images_are_ordered_as_the_conversation_shows_them() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let mut attached = Vec::new();
    for content in ["one", "two", "never sent"] {
        let source = ImageSource::DataUrl(format!("data:image/png;base64,{}", base64(&png(1, 1, content.as_bytes()))));
        attached.push(store.import_image(THREAD, source).await.unwrap().id);
    }
    let mut ids = Vec::new();
    for call_id in ["c1", "c2", "c3"] {
        store.reserve(call(call_id)).await.unwrap();
        let end = CallEnd::Generated { made: made(vec![stage(&store, &png(1, 1, call_id.as_bytes()))]), elapsed_ms: 1 };
        ids.push(store.settle(THREAD, call_id, end).await.unwrap().remove(0).id);
    }
    let output = |call_id: &str, id: &str| {
        model_item(ResponseItem::FunctionCallOutput { call_id: call_id.into(), output: pictures(&[id]) })
    };
    let events = vec![
        turn_started(TURN),
        model_item(shown_by_user(&[])),
        // The message shows the second attachment first, and c3 ended before c1. No output shows c2.
        model_item(shown_by_user(&[&attached[1], &attached[0]])),
        output("c3", &ids[2]),
        output("c1", &ids[0]),
    ];
    store.append(events).await.unwrap();
    let images = store.load_thread(THREAD).await.unwrap().unwrap().images;
    let order: Vec<_> = images.iter().map(|image| (image.reference.id.clone().unwrap(), image.origin)).collect();
    let message = Origin::Attached { message: 1 };
    let expected = [
        (attached[1].clone(), message),
        (attached[0].clone(), message),
        (ids[1].clone(), Origin::Generated),
        (ids[2].clone(), Origin::Generated),
        (ids[0].clone(), Origin::Generated),
    ];
    assert_eq!(order, expected);
    assert_eq!(images[4].prompt.as_deref(), Some("a cat"));
}

#[tokio::test]
async fn ids_of_items_and_calls_are_not_free() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.append(vec![turn_started(TURN), item_completed(TURN, user("u1", "a cat"))]).await.unwrap();
    store.reserve(call("c1")).await.unwrap();
    store.append_model_items(THREAD, vec![function_call("f1")]).await.unwrap();
    for (id, first, expected) in [("u1", 1, 2), ("c1", 1, 2), ("f1", 1, 2), ("u2", 1, 1), ("u1", 7, 7)] {
        assert_eq!(store.find_free_number(THREAD, id, first).await.unwrap(), expected, "{id}");
    }
    let used = store.find_used_ids(THREAD, ["u1", "c1", "f1", "x"].map(str::to_owned).into()).await.unwrap();
    assert_eq!(used, ["u1", "c1", "f1"].map(str::to_owned).into());
}

#[tokio::test]
async fn database_of_a_newer_version_is_refused() {
    let home = tempfile::tempdir().unwrap();
    store(home.path()).await.close().await;
    let database = rusqlite::Connection::open(home.path().join("easel.db")).unwrap();
    database.pragma_update(None, "user_version", 99).unwrap();
    let store = open(home.path());
    let refused = store.thread(THREAD).await.unwrap_err();
    let expected = "A newer version of Easel has changed the database (version 99; this program knows ";
    assert!(refused.client_message().starts_with(expected), "{refused}");
    let append = store.append(vec![turn_started(TURN)]).await.unwrap_err();
    assert_eq!(append.kind(), StorageErrorKind::NewerVersion);
    assert_eq!(append.client_message(), refused.client_message());
}

#[tokio::test]
async fn unusable_home_fails_every_operation() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    std::fs::write(&file, "").unwrap();
    let store = open(&file);
    assert!(store.thread(THREAD).await.unwrap_err().client_message().contains("could not create the folder"));
}

#[tokio::test]
async fn closed_store_fails_and_keeps_its_data() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.close().await;
    insta::assert_snapshot!(store.thread(THREAD).await.unwrap_err().client_message(), @"Easel's store is closed.");
    assert_eq!(names(&home.path().join("run")), ["gate"]);
    assert!(open(home.path()).thread(THREAD).await.unwrap().is_some());
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_private_to_the_user() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.reserve(call("c1")).await.unwrap();
    let end = CallEnd::Generated { made: made(vec![stage(&store, &png(1, 1, b""))]), elapsed_ms: 1 };
    let record = store.settle(THREAD, "c1", end).await.unwrap().remove(0);
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let image = std::path::Path::new(&record.path);
    assert_eq!(mode(image), 0o600);
    assert_eq!(mode(image.parent().unwrap()), 0o700);
    for name in ["easel.db", "easel.db-wal", "easel.db-shm"] {
        assert_eq!(mode(&home.path().join(name)), 0o600, "{name}");
    }
    for name in ["run", "attachments", "generated_images"] {
        assert_eq!(mode(&home.path().join(name)), 0o700, "{name}");
    }
}

pub(super) fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
