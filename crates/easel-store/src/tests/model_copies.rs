//! Smaller copies of images, which models see in place of the files.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use easel_imagegen::model_copy::{CopySize, ModelCopies, ModelCopy};
use easel_imagegen::port::{CallEnd, Files, ImageSource, Provenance, Reference, Store};
use easel_protocol::record::{Attachment, ImageRecord, MediaType};
use easel_testkit::image::noise_png;

use super::sample::*;
use crate::{EaselStore, Fork};

/// A file of at least 300 KB, whose copy is about half as large.
fn photo() -> Vec<u8> {
    noise_png(300_000)
}

async fn generate(store: &EaselStore, call_id: &str, bytes: &[u8]) -> (Reference, ImageRecord) {
    store.reserve(call(call_id)).await.unwrap();
    let made = made(vec![stage(store, bytes)]);
    let records = store.settle(THREAD, call_id, CallEnd::Generated { made, elapsed_ms: 1 }).await.unwrap();
    let record = records[0].clone();
    let (id, path, facts) = (Some(record.id.clone()), PathBuf::from(&record.path), record.facts.clone());
    (Reference { id, path, facts, provenance: Provenance::Generated }, record)
}

async fn attach_photo(store: &EaselStore) -> (Reference, Attachment) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("photo.png");
    fs::write(&file, photo()).unwrap();
    let attachment = store.import_image(THREAD, ImageSource::ClientPath(file)).await.unwrap();
    store.append(vec![model_item(shown_by_user(&[&attachment.id]))]).await.unwrap();
    let (id, path, facts) = (Some(attachment.id.clone()), PathBuf::from(&attachment.path), attachment.facts.clone());
    (Reference { id, path, facts, provenance: Provenance::User }, attachment)
}

async fn copies(store: &EaselStore, image: &Reference, size: CopySize) -> ModelCopies {
    store.model_copies(vec![(image.clone(), size)]).await
}

async fn copy(store: &EaselStore, image: &Reference) -> ModelCopy {
    copies(store, image, CopySize::High).await.remove(image.id.as_ref().unwrap()).unwrap()
}

fn copy_names(image: &Reference) -> Vec<String> {
    names(&image.path.parent().unwrap().join(".model"))
}

async fn fork(store: &EaselStore, id: &str) {
    let overrides = serde_json::Map::new();
    store.fork_thread(Fork { source: THREAD.into(), thread: thread(id), overrides, last_turn: None }).await.unwrap();
}

#[tokio::test]
async fn copy_is_made_once_beside_its_image() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let (image, _) = generate(&store, "c1", &photo()).await;
    let first = copy(&store, &image).await;
    assert_eq!(first.media_type, MediaType::Jpeg);
    assert!(first.bytes <= image.facts.bytes * 3 / 4);
    let bytes = fs::read(&first.path).unwrap();
    assert_eq!(bytes.len() as u64, first.bytes);
    let hash = &image.facts.sha256[..8];
    assert_eq!(copy_names(&image), [format!("c1.png-{hash}-2048-v1.jpg")]);

    // Nothing is written when it exists.
    fs::write(&first.path, &bytes[..100]).unwrap();
    assert_eq!(copy(&store, &image).await.bytes, 100);
    fs::remove_file(&first.path).unwrap();
    assert_eq!(copy(&store, &image).await, first);
    assert_eq!(fs::read(&first.path).unwrap(), bytes);
    store.files(THREAD).open_copy(&first).unwrap();
}

#[tokio::test]
async fn sizes_have_separate_copies() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let (image, _) = generate(&store, "c1", &noise_png(1_500_000)).await;
    let small = copies(&store, &image, CopySize::Low).await.into_values().next().unwrap();
    let large = copy(&store, &image).await;
    assert!(small.bytes < large.bytes && small.path != large.path);
    assert_eq!(copy_names(&image).len(), 2);
}

#[tokio::test]
async fn image_that_does_not_shrink_has_no_copy() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let (broken, _) = generate(&store, "c1", &png(900, 900, &[7; 300_000])).await;
    assert!(copies(&store, &broken, CopySize::High).await.is_empty(), "it cannot be decoded");
    assert!(copy_names(&broken).is_empty());

    let path = home.path().join("photo.jpg");
    let (image, _) = generate(&store, "c2", &photo()).await;
    let jpeg = copy(&store, &image).await;
    fs::copy(&jpeg.path, &path).unwrap();
    let (image, _) = generate(&store, "c3", &fs::read(&path).unwrap()).await;
    assert!(copies(&store, &image, CopySize::High).await.is_empty(), "it is a copy already");
}

#[tokio::test]
async fn deleted_image_leaves_no_copy() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let (image, record) = generate(&store, "c1", &photo()).await;
    let (other, _) = generate(&store, "c1-2", &photo()).await;
    for size in [CopySize::Low, CopySize::High] {
        copies(&store, &image, size).await;
    }
    let kept = copy(&store, &other).await;
    // A process died while it wrote a copy, and an older version left another.
    let folder = image.path.with_file_name(".model");
    for name in ["c1.png-01234567-2048-v1.jpgAbC123.part", "c1.png-01234567-2048-v0.jpg"] {
        fs::write(folder.join(name), "").unwrap();
    }
    assert!(store.delete_image(THREAD, &record.id).await.unwrap());
    assert_eq!(copy_names(&image), [kept.path.file_name().unwrap().to_string_lossy()]);
}

#[tokio::test]
async fn copies_are_removed_with_the_last_thread() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.append(vec![turn_started(TURN)]).await.unwrap();
    let (image, record) = generate(&store, "c1", &photo()).await;
    let (attached, _) = attach_photo(&store).await;
    store.append(vec![turn_completed(TURN)]).await.unwrap();
    let (generated_copy, attached_copy) = (copy(&store, &image).await, copy(&store, &attached).await);
    fork(&store, "fork").await;
    assert!(!store.delete_image(THREAD, &record.id).await.unwrap());
    store.delete_thread(THREAD).await.unwrap();
    assert!(generated_copy.path.exists() && attached_copy.path.exists(), "the fork has the images");
    fs::write(generated_copy.path.with_file_name("stray"), "").unwrap();
    store.delete_thread("fork").await.unwrap();
    assert!(!attached_copy.path.exists());
    assert!(!image.path.parent().unwrap().exists(), "{:?}", copy_names(&image));
}

#[tokio::test]
async fn next_image_with_the_name_gets_its_own_copy() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let (image, _) = generate(&store, "c1", &photo()).await;
    let first = copy(&store, &image).await;
    let next = noise_png(400_000);
    fs::write(&image.path, &next).unwrap();
    let mut facts = image.facts.clone();
    (facts.sha256, facts.bytes) = (easel_testkit::image::sha256(&next), next.len() as u64);
    let second = copy(&store, &Reference { facts, ..image }).await;
    assert_ne!(first.path, second.path);
}

#[tokio::test]
async fn unwritable_folder_makes_the_model_see_the_file() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let (image, record) = generate(&store, "c1", &photo()).await;
    let folder = image.path.with_file_name(".model");
    fs::write(&folder, "a file has the name of the folder").unwrap();
    assert!(copies(&store, &image, CopySize::High).await.is_empty());
    assert!(copies(&store, &image, CopySize::High).await.is_empty(), "it is not tried again");
    fs::remove_file(&folder).unwrap();

    let (image, _) = generate(&store, "c2", &photo()).await;
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o500)).unwrap();
    // The superuser may write anyway.
    let is_superuser = fs::write(folder.join("probe"), "").is_ok();
    assert_eq!(copies(&store, &image, CopySize::High).await.is_empty(), !is_superuser);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    assert!(store.delete_image(THREAD, &record.id).await.unwrap());
}

#[tokio::test]
async fn nothing_is_written_or_removed_through_a_link() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let (image, record) = generate(&store, "c1", &photo()).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let folder = image.path.with_file_name(".model");
    symlink(elsewhere.path(), &folder).unwrap();
    assert!(copies(&store, &image, CopySize::High).await.is_empty());
    assert!(names(elsewhere.path()).is_empty());

    let name = format!("c1.png-{}-2048-v1.jpg", &image.facts.sha256[..8]);
    fs::write(elsewhere.path().join(&name), "foreign").unwrap();
    let copy = ModelCopy { path: folder.join(&name), media_type: MediaType::Jpeg, bytes: 7 };
    assert!(store.files(THREAD).open_copy(&copy).is_err(), "a link leads out of the home");
    assert!(copies(&store, &image, CopySize::High).await.is_empty());
    store.delete_image(THREAD, &record.id).await.unwrap();
    store.delete_thread(THREAD).await.unwrap();
    assert_eq!(names(elsewhere.path()), [name]);
    assert!(!image.path.parent().unwrap().exists());
}

#[tokio::test]
async fn link_in_place_of_a_copy_is_not_followed_out() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let (image, _) = generate(&store, "c1", &photo()).await;
    let first = copy(&store, &image).await;
    let secret = tempfile::NamedTempFile::new().unwrap();
    fs::write(secret.path(), "secret").unwrap();
    fs::remove_file(&first.path).unwrap();
    symlink(secret.path(), &first.path).unwrap();
    assert!(copies(&store, &image, CopySize::High).await.values().all(|copy| !is_readable(&store, copy)));
    assert_eq!(fs::read(secret.path()).unwrap(), b"secret");
}

fn is_readable(store: &EaselStore, copy: &ModelCopy) -> bool {
    store.files(THREAD).open_copy(copy).is_ok()
}

#[tokio::test]
async fn recovery_ignores_copies() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.append(vec![turn_started(TURN)]).await.unwrap();
    let (image, _) = generate(&store, "c1", &photo()).await;
    let first = copy(&store, &image).await;
    store.reserve(call("c2")).await.unwrap();
    drop(store);
    let store = open(home.path());
    assert_eq!(store.thread(THREAD).await.unwrap().map(|thread| thread.id), Some(THREAD.into()));
    assert_eq!(copy(&store, &image).await, first);
    assert_eq!(names(Path::new(&image.path).parent().unwrap()), [".model", "c1.png"]);
}
