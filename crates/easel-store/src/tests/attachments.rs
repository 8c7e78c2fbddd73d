//! Attachments that no message shows anymore.

use std::fs;
use std::path::Path;

use easel_imagegen::port::{CallEnd, CallStart, ImageSource, Provenance, Reference, Store};
use easel_protocol::record::{Attachment, ImageRecord};
use easel_protocol::thread::Thread;

use super::sample::*;
use crate::EaselStore;

/// Returns a store with an ephemeral [`THREAD`] that has an attachment.
async fn with_attachment(home: &Path) -> (EaselStore, Attachment) {
    let store = open(home);
    store.save_thread(Thread { ephemeral: true, ..thread(THREAD) }, None).await.unwrap();
    let attachment = attach(&store, THREAD).await;
    (store, attachment)
}

/// Generates an image from the attachment.
async fn edit(store: &EaselStore, attachment: &Attachment, call_id: &str) -> ImageRecord {
    let input = Reference {
        id: Some(attachment.id.clone()),
        path: attachment.path.clone().into(),
        facts: attachment.facts.clone(),
        provenance: Provenance::User,
    };
    store.reserve(CallStart { inputs: vec![input], ..call(call_id) }).await.unwrap();
    let made = made(vec![stage_for(store, call_id, &png(4, 4, call_id.as_bytes()))]);
    store.settle(THREAD, call_id, CallEnd::Generated { made, elapsed_ms: 1 }).await.unwrap().remove(0)
}

#[tokio::test]
async fn attachments_end_with_their_ephemeral_thread() {
    let home = tempfile::tempdir().unwrap();
    let (store, attachment) = with_attachment(home.path()).await;
    assert!(Path::new(&attachment.path).exists());
    store.end_ephemeral_thread(THREAD).await.unwrap();
    assert!(!Path::new(&attachment.path).exists());
    assert_eq!(store.find_image(&attachment.id).await.unwrap(), None);
}

#[tokio::test]
async fn input_is_removed_with_the_last_image_made_from_it() {
    let home = tempfile::tempdir().unwrap();
    let (store, attachment) = with_attachment(home.path()).await;
    let records = [edit(&store, &attachment, "c1").await, edit(&store, &attachment, "c2").await];
    // A thread that has not ended keeps its attachments.
    let third = edit(&store, &attachment, "c3").await;
    assert!(store.delete_image(THREAD, &third.id).await.unwrap());
    store.end_ephemeral_thread(THREAD).await.unwrap();
    for record in &records {
        assert!(store.find_image(&attachment.id).await.unwrap().is_some() && Path::new(&attachment.path).exists());
        assert!(store.delete_image(THREAD, &record.id).await.unwrap());
    }
    assert!(!Path::new(&attachment.path).exists());
    assert_eq!(store.find_image(&attachment.id).await.unwrap(), None);
}

#[tokio::test]
async fn attachment_of_another_thread_stays() {
    let home = tempfile::tempdir().unwrap();
    let (store, attachment) = with_attachment(home.path()).await;
    store.save_thread(thread("other"), None).await.unwrap();
    assert_eq!(attach(&store, "other").await.path, attachment.path);
    store.end_ephemeral_thread(THREAD).await.unwrap();
    assert!(Path::new(&attachment.path).exists());
}

#[tokio::test]
async fn recovery_removes_attachments_of_ephemeral_threads() {
    let home = tempfile::tempdir().unwrap();
    let (store, attachment) = with_attachment(home.path()).await;
    open(home.path()).thread(THREAD).await.unwrap();
    assert!(Path::new(&attachment.path).exists(), "its process is alive");
    store.close().await;
    open(home.path()).thread(THREAD).await.unwrap();
    assert!(!Path::new(&attachment.path).exists());
}

/// The process died after it wrote the file and before it wrote the row.
#[tokio::test]
async fn recovery_removes_files_without_a_row() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let shown = attach(&store, THREAD).await;
    store.append(vec![turn_started(TURN), model_item(shown_by_user(&[&shown.id]))]).await.unwrap();
    let folder = home.path().join("attachments");
    assert_eq!(names(&folder.join("incoming")), [""; 0], "the row replaces the note");
    let stray = folder.join(format!("{}.png", "ab".repeat(32)));
    fs::write(&stray, png(1, 1, b"")).unwrap();
    let shown = Path::new(&shown.path).file_name().unwrap().to_str().unwrap().to_owned();
    for name in [stray.file_name().unwrap().to_str().unwrap(), &shown] {
        crate::images::arrival_notes::write_note(&store.home, &store.owner, name).unwrap();
    }
    open(home.path()).thread(THREAD).await.unwrap();
    assert!(stray.exists(), "its process is alive");
    store.close().await;
    open(home.path()).thread(THREAD).await.unwrap();
    assert_eq!(names(&folder), [shown, "incoming".to_owned()]);
    assert_eq!(names(&folder.join("incoming")), [""; 0]);
}

#[tokio::test]
async fn folders_named_like_copies_do_not_stop_recovery() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let folder = home.path().join("attachments");
    let stray = folder.join(format!("{}.png", "ab".repeat(32)));
    fs::write(&stray, png(1, 1, b"")).unwrap();
    crate::images::arrival_notes::write_note(&store.home, &store.owner, &file_name(stray.to_str().unwrap())).unwrap();
    let foreign = [".dead.abc.part".to_owned(), format!(".dead.{}.png.abc.arrived", "cd".repeat(32))];
    for name in &foreign {
        fs::create_dir(folder.join("incoming").join(name)).unwrap();
    }
    store.close().await;
    open(home.path()).thread(THREAD).await.unwrap();
    assert!(!stray.exists());
    assert_eq!(names(&folder.join("incoming")), foreign);
}

#[cfg(unix)]
#[tokio::test]
async fn damaged_copy_is_replaced_by_the_next_import() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let attachment = attach(&store, THREAD).await;
    let bytes = fs::read(&attachment.path).unwrap();
    for damage in ["cut off", "a dangling link"] {
        fs::remove_file(&attachment.path).unwrap();
        if damage == "cut off" {
            fs::write(&attachment.path, &bytes[..9]).unwrap();
        } else {
            std::os::unix::fs::symlink("/nowhere", &attachment.path).unwrap();
        }
        assert_eq!(attach(&store, THREAD).await.path, attachment.path);
        assert_eq!(fs::read(&attachment.path).unwrap(), bytes, "{damage}");
    }
}

#[tokio::test]
async fn png_with_four_million_empty_chunks_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let mut bytes = png(1, 1, b"");
    let after_the_header = 8 + 25;
    bytes.splice(after_the_header..after_the_header, b"\0\0\0\0tEXt\0\0\0\0".repeat(4_000_000));
    let file = home.path().join("x.png");
    fs::write(&file, bytes).unwrap();
    let refused = store.import_image(THREAD, ImageSource::ClientPath(file)).await.unwrap_err();
    assert!(refused.client_message().ends_with("is damaged or cut off"), "{refused}");
}
