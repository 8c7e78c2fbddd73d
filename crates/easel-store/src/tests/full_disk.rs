//! A full disk: a small file system that the test mounts, where it may.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use easel_imagegen::port::{CallEnd, Files, ImageSource, StorageError, StorageErrorKind, Store};
use easel_protocol::record::ImageErrorKind;
use easel_protocol::thread::Thread;
use tempfile::TempDir;

use super::sample::*;
use crate::EaselStore;
use crate::files::hashing_writer::HashingWriter;
use crate::files::image_writer::ImageWriter;

/// A file system of 1 MiB. Unmounted on drop.
pub(super) struct SmallDisk(TempDir);

impl SmallDisk {
    pub(super) fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(folder.path()).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(folder));
        }
        easel_testkit::skip("full-disk", "a small file system cannot be mounted");
        None
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Fills the disk to the last block.
    fn fill(&self) {
        let mut file = fs::File::create(self.path().join("ballast")).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, since the store's thread may still have the database open.
        let _ = Command::new("umount").arg("-l").arg(self.path()).output();
    }
}

/// Writes until the disk is full. Each write changes something, since SQLite does not write an unchanged page.
async fn write_until_refused(store: &EaselStore) -> StorageError {
    let mut updated_at = 2_000;
    loop {
        updated_at += 1;
        if let Err(full) = store.save_thread(Thread { updated_at, ..thread(THREAD) }, None).await {
            return full;
        }
    }
}

#[tokio::test]
async fn image_spills_to_a_spare_folder_and_comes_home() {
    let Some(disk) = SmallDisk::mount() else { return };
    let store = store(disk.path()).await;
    store.reserve(call("spilled")).await.unwrap();
    let files = store.files(THREAD);
    let (mut writer, image) = (files.create().unwrap(), png(1, 1, &[7; 100_000]));
    let (before, after) = image.split_at(500);
    writer.write_all(before).unwrap();
    disk.fill();
    writer.write_all(after).unwrap();
    let folder = disk.path().join("generated_images/thread-1");
    assert_eq!(names(&folder), [""; 0], "the partial file was removed");
    let staged = files.stage(writer).unwrap();
    let failed = store.settle(THREAD, "spilled", CallEnd::Generated { made: made(vec![staged]), elapsed_ms: 1 }).await;
    let failed = failed.unwrap_err();
    let source = error_chain(&failed);
    assert!(source.starts_with("a generated image could not be recorded and is kept at \""), "{source}");
    assert!(source.contains(&format!("could not store the image {folder:?}: No space left")), "{source}");
    assert_eq!(failed.kind(), StorageErrorKind::DiskFull);
    let message = failed.client_message();
    let (why, kept) = message.split_once(" The finished image is kept at ").unwrap();
    assert_eq!(why, "Easel could not store the image: the disk is full. Free some space, then try again.");
    let kept = Path::new(kept.trim_end_matches('.').trim_matches('"'));
    assert!(kept.file_name().unwrap().to_str().unwrap().starts_with("easel-spilled"), "{message}");
    assert_eq!(fs::read(kept).unwrap(), image);
    // When there is room again, the next start moves the image home.
    fs::remove_file(disk.path().join("ballast")).unwrap();
    store.close().await;
    let listed = open(disk.path()).list_images(Default::default()).await.unwrap().data;
    assert_eq!(Path::new(&listed[0].image.path), folder.join("spilled.png"));
    assert_eq!(fs::read(folder.join("spilled.png")).unwrap(), image);
    assert!(!kept.exists());
}

#[test]
fn image_that_fits_nowhere_leaves_no_file() {
    let (Some(disk), Some(other)) = (SmallDisk::mount(), SmallDisk::mount()) else { return };
    let owner: Arc<str> = "owner".into();
    let spare = vec![disk.path().join("none"), other.path().to_owned()];
    let mut writer = ImageWriter::new(HashingWriter::create(disk.path(), &owner), &owner, spare).unwrap();
    writer.write_all(&[7; 100]).unwrap();
    disk.fill();
    other.fill();
    let full = writer.write_all(&[7; 100_000]).unwrap_err();
    assert_eq!(full.kind(), io::ErrorKind::StorageFull);
    drop(writer);
    assert_eq!(names(disk.path()), ["ballast"]);
    let own = crate::os::own_folder(other.path()).unwrap();
    assert_eq!(names(&own), [""; 0]);
}

#[test]
fn image_begins_in_a_spare_folder_if_necessary() {
    let spare = tempfile::tempdir().unwrap();
    let owner: Arc<str> = "owner".into();
    let refused = || Err(io::ErrorKind::StorageFull.into());
    let mut writer = ImageWriter::new(refused(), &owner, vec![spare.path().to_owned()]).unwrap();
    writer.write_all(&png(1, 1, b"x")).unwrap();
    let staged = writer.stage(|path| path.with_extension("staged")).unwrap();
    assert!(staged.path().starts_with(spare.path()));
    assert_eq!(staged.displaced.as_ref().map(|error| error.kind()), Some(io::ErrorKind::StorageFull));
    assert_eq!(ImageWriter::new(refused(), &owner, Vec::new()).unwrap_err().kind(), io::ErrorKind::StorageFull);
}

#[tokio::test]
async fn image_is_kept_when_its_record_does_not_fit() {
    let Some(disk) = SmallDisk::mount() else { return };
    let store = store(disk.path()).await;
    store.reserve(call("c1")).await.unwrap();
    let staged = stage(&store, &png(1, 1, b"billed"));
    disk.fill();
    // Fills the rest of the write-ahead log's last block.
    write_until_refused(&store).await;
    let failed = store.settle(THREAD, "c1", CallEnd::Generated { made: made(vec![staged]), elapsed_ms: 1 }).await;
    let path = disk.path().join("generated_images/thread-1/c1.png");
    let message = failed.unwrap_err().client_message().to_owned();
    assert!(message.ends_with(&format!("The finished image is kept at {path:?}.")), "{message}");
    assert_eq!(fs::read(&path).unwrap(), png(1, 1, b"billed"));
    // When there is room again, the next start records the image.
    fs::remove_file(disk.path().join("ballast")).unwrap();
    store.close().await;
    let next = open(disk.path());
    let listed = next.list_images(Default::default()).await.unwrap().data;
    assert_eq!(Path::new(&listed[0].image.path), path);
}

#[tokio::test]
async fn other_operations_report_the_full_disk() {
    let Some(disk) = SmallDisk::mount() else { return };
    let store = store(disk.path()).await;
    disk.fill();
    let full = write_until_refused(&store).await;
    insta::assert_snapshot!(full.client_message(), @"Easel could not write its database: the disk is full. Free some space, then try again.");
    let chain = error_chain(&full);
    assert!(chain.starts_with("the database failed: database or disk is full"), "{chain}");
    store.reserve(call("c1")).await.unwrap_err();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("x.png"), png(1, 1, &[0; 100_000])).unwrap();
    let refused = store.import_image(THREAD, ImageSource::ClientPath(outside.path().join("x.png"))).await.unwrap_err();
    assert_eq!(refused.kind(), ImageErrorKind::Storage);
    fs::remove_file(disk.path().join("ballast")).unwrap();
    store.save_thread(thread(THREAD), None).await.unwrap();
}
