//! Calls, items and turns that a dead process left open.

use std::fs;

use easel_imagegen::port::{CallEnd, CallStart, Files, GeneratedImages, Store, image_error};
use easel_protocol::image::ImageListParams;
use easel_protocol::item::{AgentMessageItem, ImageGenerationItem, ImageStatus, ThreadItem};
use easel_protocol::record::{Billed, ImageErrorKind};
use easel_protocol::response_item::{ContentItem, ResponseItem};
use easel_protocol::turn::{TurnItemsView, TurnStatus};

use super::super::sample::*;
use super::*;

#[tokio::test]
async fn open_call_fails_and_its_turn_is_interrupted() {
    let home = tempfile::tempdir().unwrap();
    let store = drawing_store(home.path()).await;
    store.close().await;
    let store = open(home.path());
    let image = only_image(&store).await;
    let error = image.error.unwrap();
    assert_eq!((image.status, image.completed_at_ms.is_some()), (ImageStatus::Failed, true));
    assert_eq!((error.kind, error.billed), (ImageErrorKind::Interrupted, Billed::Uncertain));
    insta::assert_snapshot!(error.message, @"Easel ended before this call did; the provider may have billed it.");
    let turn = store.load_all_turns(THREAD, TurnItemsView::Full).await.unwrap().remove(0);
    assert_eq!((turn.status, turn.completed_at.is_some()), (TurnStatus::Interrupted, true));
    // The next start has nothing to do.
    store.close().await;
    let again = only_image(&open(home.path())).await;
    assert_eq!(again.error, Some(error));
}

#[tokio::test]
async fn call_of_a_free_provider_was_not_billed() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    start_call(&store, CallStart { bills: false, ..call("c1") }).await;
    store.close().await;
    assert_eq!(only_image(&open(home.path())).await.error.unwrap().billed, Billed::No);
}

#[tokio::test]
async fn call_outside_the_journal_was_not_billed() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let image = ThreadItem::ImageGeneration(Box::new(drawing("c1")));
    store.append(vec![turn_started(TURN), item_started(TURN, image)]).await.unwrap();
    store.close().await;
    assert_eq!(only_image(&open(home.path())).await.error.unwrap().billed, Billed::No);
}

#[tokio::test]
async fn open_message_ends() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let half = ThreadItem::AgentMessage(AgentMessageItem {
        id: "a1".into(),
        text: String::new(),
        phase: None,
        started_at_ms: 1,
        completed_at_ms: None,
    });
    store.append(vec![turn_started(TURN), item_started(TURN, half)]).await.unwrap();
    store.close().await;
    assert!(items(&open(home.path())).await[0].times().1.is_some());
}

#[tokio::test]
async fn staged_image_is_recorded() {
    let home = tempfile::tempdir().unwrap();
    let store = drawing_store(home.path()).await;
    abandon(stage(&store, &png(3, 2, b"billed")));
    store.close().await;
    let store = open(home.path());
    let image = only_image(&store).await;
    assert_eq!((image.status, image.images.len()), (ImageStatus::Completed, 1));
    let path = image_path(home.path(), "c1.png");
    assert_eq!(image.saved_path.as_deref(), path.to_str());
    assert_eq!(fs::read(path).unwrap(), png(3, 2, b"billed"));
    let listed = store.list_images(ImageListParams::default()).await.unwrap().data;
    assert_eq!((&listed[0].image, listed.len()), (&image.images[0], 1));
    assert_eq!(image.images[0].model, "gpt-image-2");
}

#[tokio::test]
async fn named_image_is_recorded() {
    let home = tempfile::tempdir().unwrap();
    let store = drawing_store(home.path()).await;
    start_call(&store, call("c1-2")).await;
    let folder = home.path().join("generated_images/thread-1");
    fs::create_dir_all(&folder).unwrap();
    for name in ["c1.png", "c1-2.png", "c1-3.png"] {
        fs::write(folder.join(name), png(1, 1, name.as_bytes())).unwrap();
    }
    fs::write(folder.join("c1-4.png"), "not an image").unwrap();
    store.close().await;
    let images = image_items(&open(home.path())).await;
    let paths =
        |image: &ImageGenerationItem| image.images.iter().map(|record| file_name(&record.path)).collect::<Vec<_>>();
    assert_eq!(paths(&images[0]), ["c1.png", "c1-3.png"]);
    assert_eq!(paths(&images[1]), ["c1-2.png"]);
}

#[tokio::test]
async fn intent_is_completed_with_all_details() {
    // The process dies before or after the file is renamed. Another file may have taken the name.
    for (is_renamed, is_taken) in [(false, false), (true, false), (false, true)] {
        let home = tempfile::tempdir().unwrap();
        let store = drawing_store(home.path()).await;
        let staged = stage(&store, &png(1, 1, b"billed"));
        let staged_path = staged.path().to_path_buf();
        let path = image_path(home.path(), "c1.png");
        // Settles the call, then undoes the outcome.
        let end = CallEnd::Generated { made: made(vec![staged]), elapsed_ms: 77 };
        let record = store.settle(THREAD, "c1", end).await.unwrap().remove(0);
        let intent = serde_json::json!({
            "images": [{ "staged": staged_path, "record": record }],
            "generationId": "ig_1",
            "missing": image_error(ImageErrorKind::Timeout, "The second did not come."),
        });
        store.close().await;
        let database = rusqlite::Connection::open(home.path().join("easel.db")).unwrap();
        database.execute("UPDATE calls SET outcome = NULL, intent = ?1", [intent.to_string()]).unwrap();
        database.execute("DELETE FROM images", []).unwrap();
        drop(database);
        if !is_renamed {
            fs::rename(&path, &staged_path).unwrap();
        }
        if is_taken {
            fs::write(&path, png(1, 1, b"another")).unwrap();
        }
        let image = only_image(&open(home.path())).await;
        assert_eq!((image.status, image.generation_id.as_deref()), (ImageStatus::Completed, Some("ig_1")));
        let mut expected = record;
        if is_taken {
            expected.path = path.with_file_name("c1-2.png").to_str().unwrap().to_owned();
        }
        assert_eq!(fs::read(&expected.path).unwrap(), png(1, 1, b"billed"));
        assert_eq!(image.images, [expected]);
        assert_eq!(image.error.unwrap().message, "The second did not come.");
        assert_eq!(image.revised_prompt.as_deref(), Some("a fat cat"));
    }
}

#[tokio::test]
async fn settled_call_keeps_its_outcome() {
    let home = tempfile::tempdir().unwrap();
    let store = drawing_store(home.path()).await;
    start_call(&store, call("c2")).await;
    let missing = Box::new(image_error(ImageErrorKind::Timeout, "The second did not come."));
    let made = GeneratedImages { missing: Some(missing.clone()), ..made(vec![stage(&store, &png(1, 1, b""))]) };
    let records = store.settle(THREAD, "c1", CallEnd::Generated { made, elapsed_ms: 1 }).await.unwrap();
    let error = image_error(ImageErrorKind::ModerationBlocked, "The provider refused the prompt.");
    store.settle(THREAD, "c2", end_with(error.clone())).await.unwrap();
    store.close().await;
    let images = image_items(&open(home.path())).await;
    assert_eq!((images[0].status, &images[0].images), (ImageStatus::Completed, &records));
    assert_eq!(images[0].generation_id.as_deref(), Some("ig_1"));
    assert_eq!(images[0].error.as_ref(), Some(&*missing));
    assert_eq!((images[1].status, images[1].error.as_ref()), (ImageStatus::Failed, Some(&error)));
}

#[tokio::test]
async fn missing_images_are_reported() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let mut call = call("c1");
    call.requested.parameters.n = Some(2);
    start_call(&store, call).await;
    abandon(stage(&store, &png(1, 1, b"billed")));
    store.close().await;
    let image = only_image(&open(home.path())).await;
    let error = image.error.unwrap();
    assert_eq!((image.status, image.images.len()), (ImageStatus::Completed, 1));
    assert_eq!((error.kind, error.billed), (ImageErrorKind::Interrupted, Billed::Uncertain));
    insta::assert_snapshot!(error.message, @"1 of 2 images arrived. Easel ended before this call did; the provider may have billed it.");
}

#[tokio::test]
async fn open_calls_get_outputs_for_the_model() {
    let home = tempfile::tempdir().unwrap();
    let store = drawing_store(home.path()).await;
    start_call(&store, call("c2")).await;
    let end = CallEnd::Generated { made: made(vec![stage(&store, &png(1, 1, b""))]), elapsed_ms: 1 };
    let record = store.settle(THREAD, "c1", end).await.unwrap().remove(0);
    store.close().await;
    let loaded = open(home.path()).load_thread(THREAD).await.unwrap().unwrap();
    let outputs: Vec<_> = loaded.history[2..].iter().collect();
    let [
        ResponseItem::FunctionCallOutput { call_id: first, output: made },
        ResponseItem::FunctionCallOutput { call_id: second, output: failed },
    ] = outputs[..]
    else {
        panic!("not two outputs: {outputs:?}");
    };
    assert_eq!((first.as_str(), second.as_str()), ("c1", "c2"));
    let ContentItem::InputImage { image_url, .. } = &made[0] else { panic!("not an image") };
    assert_eq!(*image_url, format!("easel:{}", record.id));
    let ContentItem::InputText { text } = &failed[0] else { panic!("not a text") };
    assert!(text.starts_with("No image was made"), "{text}");
    assert_eq!(loaded.images[0].reference.id.as_deref(), Some(record.id.as_str()));
}

#[tokio::test]
async fn living_process_is_not_touched() {
    let home = tempfile::tempdir().unwrap();
    let living = drawing_store(home.path()).await;
    let staged = stage(&living, &png(1, 1, b""));
    let writer = living.files(THREAD).create().unwrap();
    let other = open(home.path());
    assert_eq!(only_image(&other).await.status, ImageStatus::InProgress);
    let end = CallEnd::Generated { made: made(vec![staged]), elapsed_ms: 1 };
    assert_eq!(living.settle(THREAD, "c1", end).await.unwrap().len(), 1);
    assert_eq!(names(&home.path().join("generated_images/thread-1")).len(), 2);
    drop(writer);
}

#[tokio::test]
async fn turn_ends_despite_its_damaged_call() {
    let home = tempfile::tempdir().unwrap();
    let store = drawing_store(home.path()).await;
    store.close().await;
    let database = rusqlite::Connection::open(home.path().join("easel.db")).unwrap();
    database.execute("UPDATE calls SET json = 'not json'", []).unwrap();
    drop(database);
    let store = open(home.path());
    let image = only_image(&store).await;
    assert_eq!((image.status, image.error.unwrap().billed), (ImageStatus::Failed, Billed::Uncertain));
    let turn = store.load_all_turns(THREAD, TurnItemsView::Full).await.unwrap().remove(0);
    assert_eq!(turn.status, TurnStatus::Interrupted);
}
