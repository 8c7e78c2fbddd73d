//! A home that was moved, has two names, or has its images on another disk.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use easel_imagegen::output;
use easel_imagegen::port::{CallEnd, CallStart, ImageSource, Store};
use easel_protocol::input::{ImageDetail, UserInput};
use easel_protocol::item::{ImageStatus, ThreadItem, UserMessageItem};
use easel_protocol::record::{Attachment, ImageErrorKind, ImageRecord};
use easel_protocol::response_item::{MessageRole, ResponseItem};
use tempfile::TempDir;

use super::sample::*;
use crate::EaselStore;

/// Returns a folder for homes and its real path.
fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let real = dunce::canonicalize(folder.path()).unwrap();
    (folder, real)
}

/// Runs a turn in which the user attaches an image and a call edits it.
async fn edit(store: &EaselStore) -> (Attachment, ImageRecord) {
    let given = attach(store, THREAD).await;
    let message = ThreadItem::UserMessage(UserMessageItem {
        id: "u1".into(),
        client_id: None,
        content: vec![UserInput::LocalImage { path: given.path.clone(), detail: None }],
        started_at_ms: 1,
        completed_at_ms: Some(1),
    });
    let shown = ResponseItem::Message {
        role: MessageRole::User,
        content: vec![output::show_attachment(&given, ImageDetail::High)],
    };
    store.append(vec![turn_started(TURN), item_started(TURN, message), model_item(shown)]).await.unwrap();
    let inputs =
        store.load_thread(THREAD).await.unwrap().unwrap().images.into_iter().map(|image| image.reference).collect();
    store.reserve(CallStart { inputs, ..call("c1") }).await.unwrap();
    let made = made(vec![stage(store, &png(4, 4, b"made"))]);
    let record = store.settle(THREAD, "c1", CallEnd::Generated { made, elapsed_ms: 1 }).await.unwrap().remove(0);
    let mut item = drawing("c1");
    item.status = ImageStatus::Completed;
    item.completed_at_ms = Some(2);
    item.saved_path = Some(record.path.clone());
    item.images = vec![record.clone()];
    let answer = ResponseItem::FunctionCallOutput {
        call_id: "c1".into(),
        output: output::show_images(std::slice::from_ref(&record), ImageDetail::High),
    };
    let item = ThreadItem::ImageGeneration(Box::new(item));
    let events = vec![model_item(function_call("c1")), item_completed(TURN, item), model_item(answer)];
    store.append(events).await.unwrap();
    store.append(vec![turn_completed(TURN)]).await.unwrap();
    (given, record)
}

/// Returns everything that clients and models read of the thread.
async fn visible_text(store: &EaselStore) -> String {
    let loaded = store.load_thread(THREAD).await.unwrap().unwrap();
    let listed = store.list_images(Default::default()).await.unwrap().data;
    let items = items(store).await;
    serde_json::to_string(&(&loaded.history, &listed, &items)).unwrap()
        + &format!("{:?}", loaded.images.iter().map(|image| &image.reference.path).collect::<Vec<_>>())
}

fn database_text(home: &Path) -> Vec<u8> {
    ["easel.db", "easel.db-wal"].iter().flat_map(|name| fs::read(home.join(name)).unwrap_or_default()).collect()
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn moved_home_keeps_all_images() {
    let (_folder, folder) = folder();
    let (old, new) = (folder.join("old"), folder.join("deep/new"));
    let store = store(&old).await;
    let (given, record) = edit(&store).await;
    assert!(Path::new(&given.path).starts_with(&old) && Path::new(&record.path).starts_with(&old));
    let before = visible_text(&store).await;
    store.close().await;
    assert!(!contains(&database_text(&old), &format!("{}/", old.display())), "the database names the home");
    fs::create_dir(folder.join("deep")).unwrap();
    fs::rename(&old, &new).unwrap();

    let store = open(&new);
    assert_eq!(visible_text(&store).await, before.replace(old.to_str().unwrap(), new.to_str().unwrap()));
    for handle in [&given.id, &record.id] {
        assert!(store.read_image(handle, 0, 100).await.unwrap().is_some());
    }
    // Its new path still names the image of the thread.
    let moved = |path: &str| path.replace(old.to_str().unwrap(), new.to_str().unwrap());
    assert_eq!(attach(&store, "other").await.path, moved(&given.path));
    let path = PathBuf::from(moved(&record.path));
    let named = ImageSource::ModelPath { path, roots: Vec::new() };
    assert_eq!(store.import_image(THREAD, named).await.unwrap().id, record.id);
    store.delete_thread(THREAD).await.unwrap();
    assert_eq!(names(&new.join("generated_images")), [""; 0]);
}

#[tokio::test]
async fn two_names_of_a_home_are_one_home() {
    let (_folder, folder) = folder();
    let (real, link) = (folder.join("real"), folder.join("link"));
    let here = store(&real).await;
    symlink(&real, &link).unwrap();
    let there = open(&link);
    let (given, record) = edit(&here).await;
    assert_eq!(there.read_image(&record.id, 0, 1).await.unwrap().unwrap().bytes, b"\x89");
    // Under the alias of this process, and under the real name.
    for home in [&link, &real] {
        let path = home.join("generated_images/thread-1/c1.png");
        let named = ImageSource::ModelPath { path, roots: Vec::new() };
        assert_eq!(there.import_image(THREAD, named).await.unwrap().id, record.id);
    }
    there.save_thread(thread("other"), None).await.unwrap();
    let shared = attach(&there, "other").await;
    assert_eq!(shared.path, given.path);
    here.delete_thread(THREAD).await.unwrap();
    assert!(there.read_image(&shared.id, 0, 1).await.unwrap().is_some(), "another thread references it");
    there.delete_thread("other").await.unwrap();
    assert!(!Path::new(&given.path).exists());
}

#[tokio::test]
async fn images_behind_a_link_are_read_and_removed() {
    let (_folder, folder) = folder();
    let home = folder.join("home");
    fs::create_dir(&home).unwrap();
    for name in ["generated_images", "attachments"] {
        fs::create_dir(folder.join(name)).unwrap();
        symlink(folder.join(name), home.join(name)).unwrap();
    }
    let store = store(&home).await;
    let (given, record) = edit(&store).await;
    for (handle, path) in [(&given.id, &given.path), (&record.id, &record.path)] {
        assert!(store.read_image(handle, 0, 1).await.unwrap().is_some(), "{path}");
        assert!(Path::new(path).starts_with(&home));
    }
    // A copy there would be among Easel's own files.
    let target = folder.join("generated_images/copy.png");
    store.export_image(&record.id, target, folder.clone(), crate::ExistingFile::Keep).await.unwrap_err();
    // A model of another thread cannot reach it under any name, even if it may read the target of the link.
    store.save_thread(thread("other"), None).await.unwrap();
    for path in [folder.join("generated_images/thread-1/c1.png"), PathBuf::from(&record.path)] {
        let named = ImageSource::ModelPath { path, roots: vec![folder.clone()] };
        assert_eq!(store.import_image("other", named).await.unwrap_err().kind(), ImageErrorKind::ReferenceRefused);
    }
    store.delete_thread(THREAD).await.unwrap();
    assert_eq!(names(&folder.join("generated_images")), [""; 0]);
    assert_eq!(names(&folder.join("attachments")), ["incoming"]);
}

#[tokio::test]
async fn link_inside_the_image_folder_is_not_followed() {
    let (_folder, folder) = folder();
    let home = folder.join("home");
    let store = store(&home).await;
    let (_, record) = edit(&store).await;
    fs::write(folder.join("secret.png"), png(1, 1, b"")).unwrap();
    fs::remove_file(&record.path).unwrap();
    symlink(folder.join("secret.png"), &record.path).unwrap();
    store.read_image(&record.id, 0, 1).await.unwrap_err();
}

#[tokio::test]
async fn missing_attachment_disk_breaks_only_imports() {
    let (_folder, folder) = folder();
    let home = folder.join("home");
    fs::create_dir(&home).unwrap();
    symlink(folder.join("unplugged"), home.join("attachments")).unwrap();
    let store = store(&home).await;
    store.reserve(call("c1")).await.unwrap();
    let made = made(vec![stage(&store, &png(4, 4, b"made"))]);
    store.settle(THREAD, "c1", CallEnd::Generated { made, elapsed_ms: 1 }).await.unwrap();
    let given = folder.join("given.png");
    fs::write(&given, png(1, 1, b"")).unwrap();
    store.import_image(THREAD, ImageSource::ClientPath(given.clone())).await.unwrap_err();
    fs::create_dir(folder.join("unplugged")).unwrap();
    store.import_image(THREAD, ImageSource::ClientPath(given)).await.unwrap();
}
