//! Images that users gave, when nobody shows them any more.

use std::fs;
use std::path::Path;

use easel_imagegen::port::{CallEnd, CallStart, ImageSource, Provenance, Reference, Store};
use easel_protocol::record::{Attachment, ImageRecord};
use easel_protocol::thread::Thread;

use super::sample::*;
use crate::EaselStore;

/// A store with an ephemeral [`THREAD`] that was given an image.
async fn given(home: &Path) -> (EaselStore, Attachment) {
    let store = open(home);
    store.save_thread(Thread { ephemeral: true, ..thread(THREAD) }, None).await.unwrap();
    let attachment = attach(&store, THREAD).await;
    (store, attachment)
}

/// Makes an image of what was given.
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
async fn what_an_ephemeral_thread_was_given_goes_with_it() {
    let home = tempfile::tempdir().unwrap();
    let (store, attachment) = given(home.path()).await;
    assert!(Path::new(&attachment.path).exists());
    store.end_ephemeral_thread(THREAD).await.unwrap();
    assert!(!Path::new(&attachment.path).exists());
    assert_eq!(store.find_image(&attachment.id).await.unwrap(), None);
}

#[tokio::test]
async fn what_an_image_was_made_of_goes_with_the_last_such_image() {
    let home = tempfile::tempdir().unwrap();
    let (store, attachment) = given(home.path()).await;
    let records = [edit(&store, &attachment, "c1").await, edit(&store, &attachment, "c2").await];
    // As long as the thread lives, it keeps what it was given.
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
async fn what_another_thread_was_given_too_stays() {
    let home = tempfile::tempdir().unwrap();
    let (store, attachment) = given(home.path()).await;
    store.save_thread(thread("other"), None).await.unwrap();
    assert_eq!(attach(&store, "other").await.path, attachment.path);
    store.end_ephemeral_thread(THREAD).await.unwrap();
    assert!(Path::new(&attachment.path).exists());
}

#[tokio::test]
async fn what_a_dead_processs_ephemeral_thread_was_given_goes_at_the_next_start() {
    let home = tempfile::tempdir().unwrap();
    let (store, attachment) = given(home.path()).await;
    open(home.path()).thread(THREAD).await.unwrap();
    assert!(Path::new(&attachment.path).exists(), "its process lives");
    store.close().await;
    open(home.path()).thread(THREAD).await.unwrap();
    assert!(!Path::new(&attachment.path).exists());
}

/// A process died between the file and its row.
#[tokio::test]
async fn a_file_without_a_row_goes_at_the_next_start() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let shown = attach(&store, THREAD).await;
    store.append(vec![turn_started(TURN), model_item(shown_by_user(&[&shown.id]))]).await.unwrap();
    let folder = home.path().join("attachments");
    assert_eq!(names(&folder.join("incoming")), [""; 0], "a row takes the note away");
    let stray = folder.join(format!("{}.png", "ab".repeat(32)));
    fs::write(&stray, png(1, 1, b"")).unwrap();
    let shown = Path::new(&shown.path).file_name().unwrap().to_str().unwrap().to_owned();
    for name in [stray.file_name().unwrap().to_str().unwrap(), &shown] {
        crate::images::arrival_notes::note(&store.home, &store.owner, name).unwrap();
    }
    open(home.path()).thread(THREAD).await.unwrap();
    assert!(stray.exists(), "its process lives");
    store.close().await;
    open(home.path()).thread(THREAD).await.unwrap();
    assert_eq!(names(&folder), [shown, "incoming".to_owned()]);
    assert_eq!(names(&folder.join("incoming")), [""; 0]);
}

#[tokio::test]
async fn a_damaged_copy_is_replaced_when_its_image_is_given_again() {
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
async fn a_png_of_four_million_empty_chunks_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let mut bytes = png(1, 1, b"");
    let behind_the_header = 8 + 25;
    bytes.splice(behind_the_header..behind_the_header, b"\0\0\0\0tEXt\0\0\0\0".repeat(4_000_000));
    let file = home.path().join("x.png");
    fs::write(&file, bytes).unwrap();
    let refused = store.import_image(THREAD, ImageSource::ClientPath(file)).await.unwrap_err();
    assert!(refused.client_message().ends_with("is damaged or cut off"), "{refused}");
}
