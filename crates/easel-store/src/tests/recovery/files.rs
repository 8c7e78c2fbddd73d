//! Image files that a dead process left without a record.

use std::fs;
use std::io::Write;

use easel_imagegen::port::Files;
use easel_protocol::image::ImageListParams;
use easel_protocol::item::{ImageGenerationItem, ImageStatus};
use easel_protocol::record::Billed;

use super::super::sample::*;
use super::*;
use crate::files::image_writer::ImageWriter;

#[tokio::test]
async fn incomplete_image_is_removed() {
    let home = tempfile::tempdir().unwrap();
    let store = drawing_store(home.path()).await;
    let folder = home.path().join("generated_images/thread-1");
    abandon(stage(&store, &png(1, 1, b"")));
    let whole = folder.join(&names(&folder)[0]);
    fs::write(whole.with_extension("part"), &png(1, 1, b"")[..30]).unwrap();
    fs::remove_file(whole).unwrap();
    let incoming = home.path().join("attachments/incoming");
    fs::write(incoming.join(".dead-owner.abc.part"), "half").unwrap();
    store.close().await;
    assert_eq!(only_image(&open(home.path())).await.status, ImageStatus::Failed);
    assert_eq!(names(&folder), [""; 0]);
    assert_eq!(names(&incoming), [""; 0]);
}

#[tokio::test]
async fn preview_is_removed_and_not_recorded() {
    let home = tempfile::tempdir().unwrap();
    let store = drawing_store(home.path()).await;
    let files = store.files(THREAD);
    let preview = || {
        let mut writer = files.create().unwrap();
        writer.write_all(&png(2, 3, b"so far")).unwrap();
        files.stage_preview(writer).unwrap()
    };
    let seen = preview();
    let (path, facts) = (seen.path().to_owned(), seen.facts().clone());
    assert!(path.to_str().unwrap().ends_with(".preview.png"), "{path:?}");
    assert_eq!((fs::read(&path).unwrap(), facts.width, facts.height), (png(2, 3, b"so far"), 2, 3));
    drop(seen);
    assert!(!path.exists());
    abandon(preview());
    store.close().await;
    let image = only_image(&open(home.path())).await;
    assert_eq!((image.status, image.images.len()), (ImageStatus::Failed, 0));
    assert_eq!(names(&home.path().join("generated_images/thread-1")), [""; 0]);
}

#[tokio::test]
async fn each_open_call_gets_its_own_images() {
    let home = tempfile::tempdir().unwrap();
    let store = drawing_store(home.path()).await;
    start_call(&store, call("c2")).await;
    start_call(&store, call("c3")).await;
    for (call_id, content) in [("c1", "one"), ("c2", "of another"), ("c1", "two")] {
        abandon(stage_for(&store, call_id, &png(1, 1, content.as_bytes())));
    }
    store.close().await;
    let store = open(home.path());
    let images = image_items(&store).await;
    let made: Vec<_> = images.iter().map(|image| (image.status, image.images.len())).collect();
    assert_eq!(made, [(ImageStatus::Completed, 2), (ImageStatus::Completed, 1), (ImageStatus::Failed, 0)]);
    let bytes = |image: &ImageGenerationItem| {
        image.images.iter().map(|record| fs::read(&record.path).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(bytes(&images[0]), [png(1, 1, b"one"), png(1, 1, b"two")]);
    assert_eq!(bytes(&images[1]), [png(1, 1, b"of another")]);
    for record in images.iter().flat_map(|image| &image.images) {
        assert!(store.find_image(&record.id).await.unwrap().is_some());
    }
    let folder = home.path().join("generated_images/thread-1");
    assert_eq!(names(&folder), ["c1-2.png", "c1.png", "c2.png"]);
}

#[tokio::test]
async fn unmatched_image_is_kept_and_named() {
    let home = tempfile::tempdir().unwrap();
    let store = drawing_store(home.path()).await;
    start_call(&store, call("c2")).await;
    abandon(stage(&store, &png(1, 1, b"billed")));
    store.close().await;
    let images = image_items(&open(home.path())).await;
    let path = image_path(home.path(), "recovered.png");
    assert_eq!(fs::read(&path).unwrap(), png(1, 1, b"billed"));
    for image in images {
        assert_eq!(image.status, ImageStatus::Failed);
        assert!(image.error.unwrap().message.ends_with(&format!(" A finished image is kept at {path:?}.")));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn unreadable_image_is_kept_for_the_next_start() {
    // A link to itself fails like a faulty disk: with an error that does not mean "not an image".
    for is_intended in [false, true] {
        let home = tempfile::tempdir().unwrap();
        let store = drawing_store(home.path()).await;
        start_call(&store, call("c2")).await;
        let staged = stage_for(&store, "c1", &png(1, 1, b"billed"));
        let path = staged.path().to_path_buf();
        abandon(staged);
        abandon(stage_for(&store, "c2", &png(1, 1, b"of another")));
        store.close().await;
        if is_intended {
            let record = serde_json::json!({
                "id": "img_000102030405060708090a0b0c0d0e0f", "path": "generated_images/thread-1/c1.png",
                "provider": "openai", "model": "gpt-image-2", "requested": {"action": "generate", "prompt": "a cat"},
                "applied": {}, "revisedPrompt": null, "inputs": [], "usage": null, "elapsedMs": 1, "attempts": 1,
                "requestId": null, "synthetic": false,
            });
            let facts = serde_json::to_value(crate::files::hashing_writer::inspect_file(&path).unwrap()).unwrap();
            let serde_json::Value::Object(mut record) = record else { panic!("not an object") };
            record.extend(facts.as_object().unwrap().clone());
            let intent = serde_json::json!({"images": [{"staged": path, "record": record}], "generationId": null});
            let database = rusqlite::Connection::open(home.path().join("easel.db")).unwrap();
            database.execute("UPDATE calls SET intent = ?1 WHERE call_id = 'c1'", [intent.to_string()]).unwrap();
        }
        let aside = home.path().join("aside");
        fs::rename(&path, &aside).unwrap();
        std::os::unix::fs::symlink(&path, &path).unwrap();

        let store = open(home.path());
        let images = image_items(&store).await;
        let error = images[0].error.as_ref().unwrap();
        assert_eq!((images[0].status, error.billed), (ImageStatus::Failed, Billed::Uncertain));
        assert_eq!(images[1].status, ImageStatus::Completed, "the other call is closed");
        assert!(path.symlink_metadata().is_ok());
        store.close().await;

        fs::rename(&aside, &path).unwrap();
        let store = open(home.path());
        let image = only_image(&store).await;
        assert_eq!((image.status, image.error, image.images.len()), (ImageStatus::Completed, None, 1));
        assert_eq!(fs::read(&image.images[0].path).unwrap(), png(1, 1, b"billed"));
        assert_eq!(store.list_images(ImageListParams::default()).await.unwrap().data.len(), 2);
    }
}

/// A power cut may undo the rename of a complete image.
#[tokio::test]
async fn complete_image_is_recognised_by_content() {
    let complete_jpeg = [&b"\xff\xd8\xff\xc0\0\x0b\x08\0\x01\0\x01\x01\x01\x11\0"[..], b"\xff\xd9"].concat();
    let partial_jpeg = &complete_jpeg[..complete_jpeg.len() - 2];
    let complete_png = png(1, 1, b"billed");
    for (bytes, is_complete) in [
        (&complete_png[..], true),
        (&complete_png[..complete_png.len() - 5], false),
        (&complete_jpeg, true),
        (partial_jpeg, false),
    ] {
        let home = tempfile::tempdir().unwrap();
        let store = drawing_store(home.path()).await;
        start_call(&store, call("c2")).await;
        let staged = stage_for(&store, "c1", &png(1, 1, b"")).into_path();
        fs::rename(&staged, staged.with_extension("part")).unwrap();
        fs::write(staged.with_extension("part"), bytes).unwrap();
        store.close().await;
        let image = only_image(&open(home.path())).await;
        assert_eq!(image.images.len(), usize::from(is_complete), "{bytes:?}");
        let files = names(&home.path().join("generated_images/thread-1"));
        assert_eq!(files.len(), usize::from(is_complete), "{files:?}");
    }
}

/// Tests share the spare folders, so this one has a call of its own.
#[tokio::test]
async fn image_in_a_spare_folder_comes_home() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    start_call(&store, call("spare")).await;
    start_call(&store, call("c2")).await;
    let tag = crate::files::unfinished::call_tag(THREAD, "spare");
    let prefix = format!("{}.{tag}", store.owner).into();
    let full = Err(std::io::ErrorKind::StorageFull.into());
    let mut writer = ImageWriter::new(full, &prefix, crate::files::spare_folders::shared_folders()).unwrap();
    writer.write_all(&png(1, 1, b"billed")).unwrap();
    let staged = store.call_files(THREAD, "spare").stage(writer).unwrap();
    let spare = staged.path().to_path_buf();
    abandon(staged);
    store.close().await;
    let image = only_image(&open(home.path())).await;
    let path = image_path(home.path(), "spare.png");
    assert_eq!((image.status, image.saved_path.as_deref()), (ImageStatus::Completed, path.to_str()));
    assert_eq!(fs::read(path).unwrap(), png(1, 1, b"billed"));
    assert!(!spare.exists() && !spare.starts_with(home.path()));
}

/// The process died after it copied the image home and before it removed the original.
#[tokio::test]
async fn image_that_was_copied_home_is_recorded_once() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    start_call(&store, call("copied")).await;
    let bytes = png(1, 1, b"billed");
    abandon(stage_for(&store, "copied", &bytes));
    let tag = crate::files::unfinished::call_tag(THREAD, "copied");
    let spare = std::env::temp_dir().join(format!("easel-copied.{tag}.png"));
    fs::write(&spare, &bytes).unwrap();
    store.close().await;
    assert_eq!(only_image(&open(home.path())).await.images.len(), 1);
    assert!(!spare.exists());
}
