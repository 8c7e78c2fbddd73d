use std::io::{self, Write};
use std::path::Path;

use easel_imagegen::port::{CallEnd, Files, Provenance, Reference, Store, image_error};
use easel_protocol::image::ImageListParams;
use easel_protocol::record::ImageErrorKind;

use super::sample::*;
use crate::images::lookup::{ImageBytes, StoredImage};

#[tokio::test]
async fn generated_images_are_stored_verbatim_with_records() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.reserve(call("c1")).await.unwrap();
    let bytes = [png(3, 2, b"first"), b"\x89PNG\r\n".to_vec()].concat();
    let images = vec![stage(&store, &bytes), stage(&store, &png(5, 4, b"second"))];
    let end = CallEnd::Generated { made: made(images), elapsed_ms: 1_234 };
    let records = store.settle(THREAD, "c1", end).await.unwrap();
    assert_eq!(std::fs::read(&records[0].path).unwrap(), bytes);
    assert_eq!(names(&home.path().join("generated_images/thread-1")), ["c1-2.png", "c1.png"]);
    assert_ne!(records[0].id, records[1].id);
    insta::assert_json_snapshot!(records[0], { ".id" => "[id]", ".path" => "[path]" }, @r#"
    {
      "id": "[id]",
      "path": "[path]",
      "sha256": "2937da63e53085199e1f05daed6f711e20462ee03cabb976965006579113f1d8",
      "mediaType": "image/png",
      "width": 3,
      "height": 2,
      "bytes": 68,
      "hasAlpha": true,
      "provider": "openai",
      "model": "gpt-image-2",
      "requested": {
        "action": "generate",
        "prompt": "a cat",
        "size": null,
        "quality": null,
        "background": null,
        "outputFormat": null,
        "n": null
      },
      "applied": {
        "size": "3x2",
        "quality": null,
        "background": null,
        "outputFormat": "png",
        "n": 2
      },
      "revisedPrompt": "a fat cat",
      "inputs": [],
      "usage": {
        "inputTokens": 1,
        "outputTokens": 2,
        "totalTokens": 3
      },
      "elapsedMs": 1234,
      "attempts": 1,
      "requestId": "req_1",
      "synthetic": false
    }
    "#);
}

#[cfg(unix)]
#[tokio::test]
async fn existing_file_is_never_replaced() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let folder = home.path().join("generated_images/thread-1");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("c1.png"), "mine").unwrap();
    std::os::unix::fs::symlink("/nowhere", folder.join("c1-2.png")).unwrap();
    store.reserve(call("c1")).await.unwrap();
    let end = CallEnd::Generated { made: made(vec![stage(&store, &png(1, 1, b""))]), elapsed_ms: 1 };
    let records = store.settle(THREAD, "c1", end).await.unwrap();
    assert_eq!(Path::new(&records[0].path), folder.join("c1-3.png"));
    assert_eq!(std::fs::read(folder.join("c1.png")).unwrap(), b"mine");
}

#[tokio::test]
async fn name_taken_at_the_last_moment_is_not_replaced() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let staged = stage(&store, &png(1, 1, b"new"));
    let path = image_path(home.path(), "c1.png");
    std::fs::write(&path, "mine").unwrap();
    let (staged, error) = crate::files::staged::finish(staged, &path).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    assert_eq!(std::fs::read(staged.path()).unwrap(), png(1, 1, b"new"));
}

#[tokio::test]
async fn hostile_ids_give_harmless_names() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let call_id = "../../.git/hooks/\n\u{202e}post-commit";
    store.reserve(call(call_id)).await.unwrap();
    let end = CallEnd::Generated { made: made(vec![stage(&store, &png(1, 1, b""))]), elapsed_ms: 1 };
    let records = store.settle(THREAD, call_id, end).await.unwrap();
    let expected = image_path(home.path(), "_______git_hooks___post-commit.png");
    assert_eq!(Path::new(&records[0].path), expected);
}

#[tokio::test]
async fn extension_follows_the_content() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.reserve(call("c1.png")).await.unwrap();
    let gif = b"GIF89a\x02\x00\x03\x00\x00\x00\x00,".to_vec();
    let end = CallEnd::Generated { made: made(vec![stage(&store, &gif)]), elapsed_ms: 1 };
    let records = store.settle(THREAD, "c1.png", end).await.unwrap();
    assert!(Path::new(&records[0].path).ends_with("c1_png.gif"));
    assert_eq!(records[0].applied.output_format.as_deref(), Some("gif"));
}

#[tokio::test]
async fn only_images_are_staged() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let files = store.files(THREAD);
    for bytes in [&b""[..], b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html>", b"\x89PNG\r\n\x1a\n"] {
        let mut writer = files.create().unwrap();
        writer.write_all(bytes).unwrap();
        assert_eq!(files.stage(writer).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
    drop(files.create().unwrap());
    drop(stage(&store, &png(1, 1, b"")));
    assert_eq!(names(&home.path().join("generated_images/thread-1")), [""; 0]);
}

#[tokio::test]
async fn call_is_journalled_once() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.reserve(call("c1")).await.unwrap();
    let again = store.reserve(call("c1")).await.unwrap_err();
    insta::assert_snapshot!(again, @r#"image call "c1" is already in the journal of its thread"#);
}

#[tokio::test]
async fn second_settle_changes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.reserve(call("c1")).await.unwrap();
    let end =
        |content: &[u8]| CallEnd::Generated { made: made(vec![stage(&store, &png(1, 1, content))]), elapsed_ms: 1 };
    let first = store.settle(THREAD, "c1", end(b"first")).await.unwrap();
    let failed = end_with(image_error(ImageErrorKind::Timeout, "too late"));
    store.settle(THREAD, "c1", failed).await.unwrap();
    assert_eq!(store.settle(THREAD, "c1", end(b"second")).await.unwrap(), first);
    assert_eq!(names(&home.path().join("generated_images/thread-1")), ["c1.png"]);
}

#[tokio::test]
async fn unrecorded_images_are_kept_and_named() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let end = |staged| CallEnd::Generated { made: made(vec![staged]), elapsed_ms: 1 };
    let unknown = store.settle(THREAD, "c1", end(stage(&store, &png(1, 1, b"one")))).await.unwrap_err();
    let path = image_path(home.path(), "c1.png");
    assert!(unknown.client_message().ends_with(&format!("The finished image is kept at {path:?}.")), "{unknown}");
    assert_eq!(std::fs::read(path).unwrap(), png(1, 1, b"one"));
    let staged = stage(&store, &png(1, 1, b"two"));
    store.close().await;
    let closed = store.settle(THREAD, "c1", end(staged)).await.unwrap_err();
    let path = image_path(home.path(), "c1-2.png");
    assert!(closed.client_message().contains(&format!("{path:?}")), "{closed}");
    assert_eq!(std::fs::read(path).unwrap(), png(1, 1, b"two"));
}

#[tokio::test]
async fn image_whose_file_has_gone_is_an_error() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.reserve(call("c1")).await.unwrap();
    let staged = stage(&store, &png(1, 1, b"one"));
    std::fs::remove_file(staged.path()).unwrap();
    let end = CallEnd::Generated { made: made(vec![staged]), elapsed_ms: 1 };
    let error = store.settle(THREAD, "c1", end).await.unwrap_err();
    assert!(error.to_string().contains("store the image"), "{error}");
    assert_eq!(names(&home.path().join("generated_images/thread-1")), [""; 0]);
}

#[tokio::test]
async fn image_is_found_by_handle_and_read_by_range() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.reserve(call("c1")).await.unwrap();
    let bytes = png(1, 1, &[7; 1_000]);
    let end = CallEnd::Generated { made: made(vec![stage(&store, &bytes)]), elapsed_ms: 1 };
    let record = store.settle(THREAD, "c1", end).await.unwrap().remove(0);
    let Some(StoredImage::Generated(entry)) = store.find_image(&record.id).await.unwrap() else { panic!("not found") };
    assert_eq!((entry.thread_id.as_str(), entry.turn_id.as_str(), entry.item_id.as_str()), (THREAD, TURN, "c1"));
    assert_eq!(entry.image, record);
    let (mut offset, mut read) = (Some(0), Vec::new());
    while let Some(from) = offset {
        let range = store.read_image(&record.id, from, 400).await.unwrap().unwrap();
        read.extend(range.bytes);
        offset = range.next_offset;
    }
    assert_eq!(read, bytes);
    let past = store.read_image(&record.id, u64::from(u32::MAX), 400).await.unwrap().unwrap();
    assert_eq!(past, ImageBytes { offset: u64::from(u32::MAX), bytes: Vec::new(), next_offset: None });
    assert_eq!(store.read_image("img_unknown", 0, 400).await.unwrap(), None);
    std::fs::remove_file(&record.path).unwrap();
    assert!(
        store.read_image(&record.id, 0, 400).await.unwrap_err().client_message().contains("could not read the image")
    );
}

#[tokio::test]
async fn images_are_listed_newest_first() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    for call_id in ["c1", "c2", "c3"] {
        store.reserve(call(call_id)).await.unwrap();
        let end = CallEnd::Generated { made: made(vec![stage(&store, &png(1, 1, call_id.as_bytes()))]), elapsed_ms: 1 };
        store.settle(THREAD, call_id, end).await.unwrap();
    }
    let params =
        |cursor, thread: &str| ImageListParams { thread_id: Some(thread.into()), cursor, limit: Some(2), mine: None };
    let first = store.list_images(params(None, THREAD)).await.unwrap();
    let second = store.list_images(params(first.next_cursor, THREAD)).await.unwrap();
    let ids: Vec<_> = first.data.iter().chain(&second.data).map(|entry| entry.item_id.as_str()).collect();
    assert_eq!((ids, second.next_cursor), (vec!["c3", "c2", "c1"], None));
    assert_eq!(store.list_images(params(None, "another")).await.unwrap().data, []);
}

#[cfg(unix)]
#[tokio::test]
async fn provider_can_open_only_own_images() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.reserve(call("c1")).await.unwrap();
    let end = CallEnd::Generated { made: made(vec![stage(&store, &png(1, 1, b""))]), elapsed_ms: 1 };
    let record = store.settle(THREAD, "c1", end).await.unwrap().remove(0);
    let files = store.files(THREAD);
    let at = |path: &Path| Reference {
        id: None,
        path: path.into(),
        facts: record.facts.clone(),
        provenance: Provenance::User,
    };
    files.open(&at(Path::new(&record.path))).unwrap();
    let link = image_path(home.path(), "link.png");
    std::os::unix::fs::symlink("/etc/passwd", &link).unwrap();
    let refused = [
        "/etc/passwd".into(),
        home.path().join("easel.db"),
        home.path().join("generated_images/../easel.db"),
        home.path().join("generated_images-evil/x.png"),
        link,
    ];
    for path in refused {
        assert_eq!(files.open(&at(&path)).unwrap_err().kind(), io::ErrorKind::PermissionDenied, "{path:?}");
    }
}
