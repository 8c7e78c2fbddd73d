//! Databases of earlier versions.

use std::path::Path;

use easel_imagegen::port::{CallEnd, CallStart, Store};
use easel_protocol::image::ImageListParams;
use easel_protocol::input::ImageDetail;
use easel_protocol::item::ThreadItem;
use easel_protocol::response_item::{ContentItem, ResponseItem};
use easel_protocol::thread::ThreadListParams;
use easel_protocol::thread::{ThreadSearchParams, ThreadSourceKind};
use easel_protocol::turn::{TurnItemsView, TurnStatus};
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use super::sample::*;
use crate::Fork;
use crate::RevertRange;
use crate::ThreadOwner;

const HANDLE: &str = "img_000102030405060708090a0b0c0d0e0f";
const USAGE: &str = r#"{"total":{"totalTokens":7,"inputTokens":5,"cachedInputTokens":0,"cacheWriteInputTokens":0,
    "outputTokens":2,"reasoningOutputTokens":0},"last":{"totalTokens":7,"inputTokens":5,"cachedInputTokens":0,
    "cacheWriteInputTokens":0,"outputTokens":2,"reasoningOutputTokens":0},"modelContextWindow":null}"#;

/// Writes a database of version 1: one thread with one turn that generated one image.
fn write_version_1(home: &Path) -> Connection {
    let database = Connection::open(home.join("easel.db")).unwrap();
    database.execute_batch(include_str!("../migrations/1.sql")).unwrap();
    database.pragma_update(None, "user_version", 1).unwrap();
    let thread = thread(THREAD);
    let sql = "INSERT INTO threads (id, json, overrides, name, preview, model_provider, cwd, ephemeral, created_at, \
               updated_at, usage) VALUES (?1, ?2, '{\"image.quality\":\"low\"}', 'Cats', 'a cat', 'preview', '/project', 0, \
               1000, 1007, ?3)";
    database.execute(sql, params![THREAD, serde_json::to_string(&thread).unwrap(), USAGE]).unwrap();
    let turn = turn(TURN, TurnStatus::Completed);
    let sql = "INSERT INTO turns (thread_id, position, id, json) VALUES (?1, 0, ?2, ?3)";
    database.execute(sql, params![THREAD, TURN, serde_json::to_string(&turn).unwrap()]).unwrap();
    let sql =
        "INSERT INTO items (thread_id, position, id, turn_id, kind, json) VALUES (?1, 0, 'u1', ?2, 'userMessage', ?3)";
    database.execute(sql, params![THREAD, TURN, serde_json::to_string(&user("u1", "a cat")).unwrap()]).unwrap();
    let sql = "INSERT INTO model_items (thread_id, position, turn_id, json) VALUES (?1, 0, ?2, ?3)";
    database.execute(sql, params![THREAD, TURN, serde_json::to_string(&shown_by_user(&[])).unwrap()]).unwrap();
    let sql = "INSERT INTO images (thread_id, id, origin, turn_id, call_id, path, created_at, json) \
               VALUES (?1, ?2, 'made', ?3, 'c1', '/home/c1.png', 1006, ?4)";
    database.execute(sql, params![THREAD, HANDLE, TURN, record().to_string()]).unwrap();
    database
}

fn record() -> Value {
    json!({
        "id": HANDLE, "path": "/home/c1.png", "sha256": "00", "mediaType": "image/png", "width": 1, "height": 1, "bytes": 9,
        "hasAlpha": false, "provider": "preview", "model": "preview",
        "requested": {"action": "generate", "prompt": "a cat"}, "applied": {}, "revisedPrompt": null, "inputs": [],
        "usage": null, "elapsedMs": 1, "attempts": 1, "requestId": null, "synthetic": true,
    })
}

#[tokio::test]
async fn database_of_version_1_keeps_everything() {
    let home = tempfile::tempdir().unwrap();
    write_version_1(home.path());
    let store = open(home.path());
    let listed = store.list_threads(ThreadListParams::default()).await.unwrap().data;
    assert_eq!((listed[0].name.as_deref(), listed[0].preview.as_str()), (Some("Cats"), "a cat"));
    let loaded = store.load_thread(THREAD).await.unwrap().unwrap();
    assert_eq!((loaded.overrides["image.quality"].as_str(), loaded.usage.total_tokens), (Some("low"), 7));
    assert_eq!((loaded.history.len(), loaded.images.len()), (1, 1));
    assert_eq!(store.list_images(ImageListParams::default()).await.unwrap().data[0].image.id, HANDLE);
    assert_eq!(store.token_usage(THREAD).await.unwrap().unwrap().0, TURN);

    let fork = Fork {
        source: THREAD.into(),
        thread: thread("fork"),
        overrides: store.thread_settings(THREAD).await.unwrap().unwrap().overrides,
        last_turn: Some(TURN.into()),
    };
    store.fork_thread(fork).await.unwrap();
    store.revert_turns(THREAD, RevertRange::Newest(1)).await.unwrap();
    let forked = store.load_thread("fork").await.unwrap().unwrap();
    assert_eq!((forked.images.len(), forked.usage.total_tokens), (1, 7));
    assert_eq!(store.load_all_turns("fork", TurnItemsView::Full).await.unwrap()[0].items, [user("u1", "a cat")]);
    assert_eq!(store.load_thread(THREAD).await.unwrap().unwrap().images.len(), 0);
    assert_eq!(store.list_images(ImageListParams::default()).await.unwrap().data.len(), 1);
}

/// The home may have been moved since the rows were written.
#[tokio::test]
async fn absolute_paths_of_version_4_become_relative() {
    let home = tempfile::tempdir().unwrap();
    let root = dunce::canonicalize(home.path()).unwrap();
    let database = write_version_1(&root);
    for step in [include_str!("../migrations/2.sql"), include_str!("../migrations/3.sql")] {
        database.execute_batch(step).unwrap();
    }
    database.execute_batch(include_str!("../migrations/4.sql")).unwrap();
    database.pragma_update(None, "user_version", 4).unwrap();
    let (hash, old) = ("ab".repeat(32), "/Volumes/old, disk/.easel");
    let given = format!("{old}/attachments/{hash}.png");
    let made = format!("{old}/generated_images/{THREAD}/c1.png");
    let record = json!({ "path": made, "inputs": [{ "id": null, "path": given, "sha256": hash }] });
    let record = serde_json::to_string(&record_with(record)).unwrap();
    database.execute("UPDATE images SET path = ?1, json = ?2", [&made, &record]).unwrap();
    let mut item = drawing("c1");
    item.saved_path = Some(made.clone());
    item.images = vec![serde_json::from_str(&record).unwrap()];
    let item = serde_json::to_string(&ThreadItem::ImageGeneration(Box::new(item))).unwrap();
    let sql = "INSERT INTO items (thread_id, position, id, turn_id, kind, json) \
               VALUES (?1, 1, 'c1', ?2, 'imageGeneration', ?3)";
    database.execute(sql, [THREAD, TURN, &item]).unwrap();
    let line =
        format!("Image {HANDLE} is done and already shown to the user: saved at {made}, 8x8 pixels, prompt: a cat");
    let image = ContentItem::InputImage { image_url: format!("easel:{HANDLE}"), detail: Some(ImageDetail::High) };
    let output = vec![image.clone(), ContentItem::InputText { text: line.into() }];
    let answer = serde_json::to_string(&ResponseItem::FunctionCallOutput { call_id: "c1".into(), output }).unwrap();
    database.execute("UPDATE model_items SET json = ?1", [&answer]).unwrap();
    // An attachment of an ephemeral thread that has ended.
    let orphan = format!("{}.png", "cd".repeat(32));
    let sql = "INSERT INTO images (thread_id, id, origin, path, created_at, json) VALUES ('ended', '', 'attached', ?1, 1, '{}')";
    database.execute(sql, [format!("{old}/attachments/{orphan}")]).unwrap();
    for path in [&given, &format!("{old}/generated_images/gone-thread"), &"/elsewhere/x.png".to_owned()] {
        database.execute("INSERT INTO removals VALUES (?1)", [path]).unwrap();
    }
    drop(database);
    let given = format!("{hash}.png");
    for (folder, name) in
        [("attachments", &given), ("attachments", &orphan), ("generated_images/thread-1", &"c1.png".into())]
    {
        std::fs::create_dir_all(root.join(folder)).unwrap();
        std::fs::write(root.join(folder).join(name), png(1, 1, b"")).unwrap();
    }
    std::fs::create_dir(root.join("generated_images/gone-thread")).unwrap();

    let store = open(&root);
    let bytes = store.read_image(HANDLE, 0, 8).await.unwrap().unwrap().bytes;
    assert_eq!(bytes, b"\x89PNG\r\n\x1a\n");
    let loaded = store.load_thread(THREAD).await.unwrap().unwrap();
    let [ResponseItem::FunctionCallOutput { output, .. }] = loaded.history.as_slice() else { panic!("not an output") };
    assert_eq!(*output, [image], "the line is written when the conversation is rendered");
    let images = store.list_images(ImageListParams::default()).await.unwrap().data;
    let items = items(&store).await;
    let text = serde_json::to_string(&(&loaded.history, &images, &items)).unwrap();
    assert!(!text.contains(old), "{text}");
    // Record and input in list and item, and the saved path of the item.
    let root_in_json = serde_json::to_string(&root).unwrap();
    assert_eq!(text.matches(root_in_json.trim_matches('"')).count(), 5, "{text}");
    assert_eq!(names(&root.join("attachments")), ["incoming"], "queued files were removed");
    assert_eq!(names(&root.join("generated_images")), [THREAD]);
}

/// Returns [`record`] with some fields replaced.
fn record_with(fields: Value) -> Value {
    let (Value::Object(mut record), Value::Object(fields)) = (record(), fields) else { panic!("not objects") };
    record.extend(fields);
    Value::Object(record)
}

#[tokio::test]
async fn threads_of_version_3_become_searchable() {
    let home = tempfile::tempdir().unwrap();
    let database = write_version_1(home.path());
    database.execute_batch(include_str!("../migrations/2.sql")).unwrap();
    database.execute_batch(include_str!("../migrations/3.sql")).unwrap();
    database.pragma_update(None, "user_version", 3).unwrap();
    let message = serde_json::to_string(&user("u2", "now with Äpfel")).unwrap();
    let drawn =
        json!({ "type": "imageGeneration", "images": [{ "requested": { "prompt": "An Orchard" } }] }).to_string();
    let failed = json!({ "type": "imageGeneration", "images": [] }).to_string();
    let sql = "INSERT INTO items (thread_id, position, id, turn_id, kind, json) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    for (position, id, kind, json) in
        [(1, "u2", "userMessage", message), (2, "c1", "imageGeneration", drawn), (3, "c2", "imageGeneration", failed)]
    {
        database.execute(sql, params![THREAD, position, id, TURN, kind, json]).unwrap();
    }
    drop(database);
    let store = open(home.path());
    for (term, snippet) in
        [("CATS", "Cats"), ("a cat", "a cat"), ("ÄPFEL", "now with Äpfel"), ("orchard", "An Orchard")]
    {
        let params = ThreadSearchParams { search_term: term.into(), ..ThreadSearchParams::default() };
        let found = store.search_threads(params).await.unwrap().data;
        assert_eq!((found.len(), found[0].snippet.as_str()), (1, snippet), "{term}");
    }
    let of = |kind| ThreadListParams { source_kinds: Some(vec![kind]), ..ThreadListParams::default() };
    assert_eq!(store.list_threads(of(ThreadSourceKind::AppServer)).await.unwrap().data.len(), 1);
    assert_eq!(store.list_threads(of(ThreadSourceKind::Exec)).await.unwrap().data.len(), 0);
}

/// Draws one image in a thread over MCP, and one in a thread of the app-server, with the call ids of the threads.
async fn draw_for_two_owners(home: &Path) {
    let store = store(home).await;
    store.set_thread_face(THREAD, "mcp".to_owned()).await.unwrap();
    store.save_thread(thread("other"), None).await.unwrap();
    for id in [THREAD, "other"] {
        store.reserve(CallStart { thread_id: id.into(), ..call(id) }).await.unwrap();
        let made = made(vec![write_and_stage(&store.files(id), &png(1, 1, id.as_bytes()))]);
        store.settle(id, id, CallEnd::Generated { made, elapsed_ms: 5 }).await.unwrap();
    }
    store.close().await;
}

#[tokio::test]
async fn images_of_version_15_get_their_owners() {
    let home = tempfile::tempdir().unwrap();
    draw_for_two_owners(home.path()).await;
    let owned = async || {
        let store = open(home.path());
        let mut owned = Vec::new();
        for face in [Some("mcp".to_owned()), None, Some("acp".to_owned())] {
            let owner = ThreadOwner { face, client: None };
            let images = store.list_images_of(ImageListParams::default(), owner).await.unwrap().data;
            owned.push(images.into_iter().map(|image| image.thread_id.to_string()).collect::<Vec<_>>());
        }
        store.close().await;
        owned
    };
    let expected = [vec![THREAD.to_owned()], vec!["other".to_owned()], Vec::new()];
    assert_eq!(owned().await, expected);
    let older = "DROP INDEX images_of_owner; DROP TRIGGER made_images_have_an_owner; DROP VIEW thread_owners; \
        ALTER TABLE images DROP COLUMN thread_owner; DROP TABLE ledger_threads; \
        DROP TRIGGER ledger_threads_count_new_rows; DROP TRIGGER ledger_threads_count_changes; \
        DROP TRIGGER ledger_threads_forget_deleted_rows; PRAGMA user_version = 15;";
    Connection::open(home.path().join("easel.db")).unwrap().execute_batch(older).unwrap();
    assert_eq!(owned().await, expected);
}
