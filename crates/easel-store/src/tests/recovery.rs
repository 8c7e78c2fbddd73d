//! What a dead process left behind. A store that is closed without ending its work is as dead to the others as a
//! process that was killed: its lock is free.

use std::fs;
use std::io::Write;

use easel_imagegen::port::{CallEnd, CallStart, Files, Made, RequestStart, Store, image_error};
use easel_protocol::image::ImageListParams;
use easel_protocol::item::{AgentMessageItem, ImageGenerationItem, ImageStatus, ThreadItem};
use easel_protocol::record::{Billed, ImageErrorKind};
use easel_protocol::response_item::{ContentItem, ResponseItem};
use easel_protocol::turn::{TurnItemsView, TurnStatus};

use super::sample::*;
use crate::EaselStore;
use crate::files::StagedImage;
use crate::made::MadeWriter;

/// A turn with a running image call `c1`, in history and in the journal.
async fn drawing_store(home: &std::path::Path) -> EaselStore {
    let store = store(home).await;
    start_call(&store, call("c1")).await;
    store
}

async fn start_call(store: &EaselStore, call: CallStart) {
    let image = ThreadItem::ImageGeneration(Box::new(drawing(&call.call_id)));
    let events = vec![turn_started(TURN), model_item(function_call(&call.call_id)), item_started(TURN, image)];
    store.append(events).await.unwrap();
    store.reserve(call).await.unwrap();
}

/// Leaves the whole file where it is, as a process that is killed does.
fn abandon(staged: StagedImage) {
    staged.path.keep().unwrap();
}

async fn image_items(store: &EaselStore) -> Vec<ImageGenerationItem> {
    let items = items(store).await.into_iter().filter_map(|item| match item {
        ThreadItem::ImageGeneration(image) => Some(*image),
        ThreadItem::UserMessage(_) | ThreadItem::AgentMessage(_) | ThreadItem::Reasoning(_) => None,
    });
    items.collect()
}

async fn only_image(store: &EaselStore) -> ImageGenerationItem {
    image_items(store).await.remove(0)
}

#[tokio::test]
async fn a_call_without_an_outcome_ends_as_failed_and_its_turn_as_interrupted() {
    let home = tempfile::tempdir().unwrap();
    let store = drawing_store(home.path()).await;
    store.close().await;
    let store = open(home.path());
    let image = only_image(&store).await;
    let error = image.error.unwrap();
    assert_eq!((image.status, image.completed_at_ms.is_some()), (ImageStatus::Failed, true));
    assert_eq!((error.kind, error.billed), (ImageErrorKind::Interrupted, Billed::Uncertain));
    insta::assert_snapshot!(error.message, @"Easel ended before this call did; the provider may have billed it.");
    let turn = store.all_turns(THREAD, TurnItemsView::Full).await.unwrap().remove(0);
    assert_eq!((turn.status, turn.completed_at.is_some()), (TurnStatus::Interrupted, true));
    // The next start finds nothing more to do.
    store.close().await;
    let again = only_image(&open(home.path())).await;
    assert_eq!(again.error, Some(error));
}

#[tokio::test]
async fn a_provider_that_does_not_bill_did_not_bill() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    start_call(&store, CallStart { bills: false, ..call("c1") }).await;
    store.close().await;
    assert_eq!(only_image(&open(home.path())).await.error.unwrap().billed, Billed::No);
}

#[tokio::test]
async fn a_call_that_was_never_journalled_was_never_sent() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let image = ThreadItem::ImageGeneration(Box::new(drawing("c1")));
    store.append(vec![turn_started(TURN), item_started(TURN, image)]).await.unwrap();
    store.close().await;
    assert_eq!(only_image(&open(home.path())).await.error.unwrap().billed, Billed::No);
}

#[tokio::test]
async fn every_kind_of_open_item_ends() {
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
async fn an_image_that_was_whole_but_not_recorded_is_not_lost() {
    let home = tempfile::tempdir().unwrap();
    let store = drawing_store(home.path()).await;
    abandon(stage(&store, &png(3, 2, b"paid for")));
    store.close().await;
    let store = open(home.path());
    let image = only_image(&store).await;
    assert_eq!((image.status, image.images.len()), (ImageStatus::Completed, 1));
    let path = home.path().join("generated_images/thread-1/c1.png");
    assert_eq!(image.saved_path.as_deref(), path.to_str());
    assert_eq!(fs::read(path).unwrap(), png(3, 2, b"paid for"));
    let listed = store.images(ImageListParams::default()).await.unwrap().data;
    assert_eq!((&listed[0].image, listed.len()), (&image.images[0], 1));
    assert_eq!(image.images[0].model, "gpt-image-2");
}

#[tokio::test]
async fn an_image_that_has_its_name_but_no_record_is_not_lost() {
    let home = tempfile::tempdir().unwrap();
    let store = drawing_store(home.path()).await;
    start_call(&store, call("c1-2")).await;
    let folder = home.path().join("generated_images/thread-1");
    fs::create_dir_all(&folder).unwrap();
    for name in ["c1.png", "c1-2.png", "c1-3.png"] {
        fs::write(folder.join(name), png(1, 1, name.as_bytes())).unwrap();
    }
    fs::write(folder.join("c1-4.png"), "no image").unwrap();
    store.close().await;
    let images = image_items(&open(home.path())).await;
    let paths = |image: &ImageGenerationItem| {
        image.images.iter().map(|record| record.path.rsplit('/').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(paths(&images[0]), ["c1.png", "c1-3.png"]);
    assert_eq!(paths(&images[1]), ["c1-2.png"]);
}

#[tokio::test]
async fn what_was_intended_is_carried_through_with_all_that_the_provider_said() {
    // The process dies before or after the file has its name; another file may have taken the name.
    for (is_named, is_taken) in [(false, false), (true, false), (false, true)] {
        let home = tempfile::tempdir().unwrap();
        let store = drawing_store(home.path()).await;
        let staged = stage(&store, &png(1, 1, b"paid for"));
        let staged_path = staged.path.to_path_buf();
        let path = home.path().join("generated_images/thread-1/c1.png");
        // Settling up to the outcome, which is then undone.
        let end = CallEnd::Made { made: made(vec![staged]), elapsed_ms: 77 };
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
        if !is_named {
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
        assert_eq!(fs::read(&expected.path).unwrap(), png(1, 1, b"paid for"));
        assert_eq!(image.images, [expected]);
        assert_eq!(image.error.unwrap().message, "The second did not come.");
        assert_eq!(image.revised_prompt.as_deref(), Some("a fat cat"));
    }
}

#[tokio::test]
async fn a_call_that_was_settled_but_not_told_ends_as_it_was_settled() {
    let home = tempfile::tempdir().unwrap();
    let store = drawing_store(home.path()).await;
    start_call(&store, call("c2")).await;
    let missing = Box::new(image_error(ImageErrorKind::Timeout, "The second did not come."));
    let made = Made { missing: Some(missing.clone()), ..made(vec![stage(&store, &png(1, 1, b""))]) };
    let records = store.settle(THREAD, "c1", CallEnd::Made { made, elapsed_ms: 1 }).await.unwrap();
    let error = image_error(ImageErrorKind::ModerationBlocked, "The provider refused the prompt.");
    store.settle(THREAD, "c2", CallEnd::Failed(error.clone())).await.unwrap();
    store.close().await;
    let images = image_items(&open(home.path())).await;
    assert_eq!((images[0].status, &images[0].images), (ImageStatus::Completed, &records));
    assert_eq!(images[0].generation_id.as_deref(), Some("ig_1"));
    assert_eq!(images[0].error.as_ref(), Some(&*missing));
    assert_eq!((images[1].status, images[1].error.as_ref()), (ImageStatus::Failed, Some(&error)));
}

#[tokio::test]
async fn fewer_images_than_were_asked_for_are_kept_and_said_to_be_fewer() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let mut call = call("c1");
    call.requested.parameters.n = Some(2);
    start_call(&store, call).await;
    abandon(stage(&store, &png(1, 1, b"paid for")));
    store.close().await;
    let image = only_image(&open(home.path())).await;
    let error = image.error.unwrap();
    assert_eq!((image.status, image.images.len()), (ImageStatus::Completed, 1));
    assert_eq!((error.kind, error.billed), (ImageErrorKind::Interrupted, Billed::Uncertain));
    insta::assert_snapshot!(error.message, @"1 of 2 images arrived. Easel ended before this call did; the provider may have billed it.");
}

#[tokio::test]
async fn a_half_image_is_removed_and_never_shown() {
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
async fn what_an_image_looked_like_while_it_was_made_is_removed_and_taken_for_no_image() {
    let home = tempfile::tempdir().unwrap();
    let store = drawing_store(home.path()).await;
    let files = store.files(THREAD);
    let preview = || {
        let mut writer = files.create().unwrap();
        writer.write_all(&png(2, 3, b"so far")).unwrap();
        files.stage_preview(writer).unwrap()
    };
    let seen = preview();
    let (path, facts) = files.look(&seen);
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
async fn each_of_several_open_calls_has_its_images_again() {
    let home = tempfile::tempdir().unwrap();
    let store = drawing_store(home.path()).await;
    start_call(&store, call("c2")).await;
    start_call(&store, call("c3")).await;
    for (call_id, filling) in [("c1", "one"), ("c2", "of another"), ("c1", "two")] {
        abandon(stage_for(&store, call_id, &png(1, 1, filling.as_bytes())));
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
        assert!(store.image(&record.id).await.unwrap().is_some());
    }
    let folder = home.path().join("generated_images/thread-1");
    assert_eq!(names(&folder), ["c1-2.png", "c1.png", "c2.png"]);
}

#[tokio::test]
async fn an_image_of_an_unknown_call_among_several_is_kept_and_named() {
    let home = tempfile::tempdir().unwrap();
    let store = drawing_store(home.path()).await;
    start_call(&store, call("c2")).await;
    abandon(stage(&store, &png(1, 1, b"paid for")));
    store.close().await;
    let images = image_items(&open(home.path())).await;
    let path = home.path().join("generated_images/thread-1/recovered.png");
    assert_eq!(fs::read(&path).unwrap(), png(1, 1, b"paid for"));
    for image in images {
        assert_eq!(image.status, ImageStatus::Failed);
        assert!(image.error.unwrap().message.ends_with(&format!(" A finished image is kept at {path:?}.")));
    }
}

#[tokio::test]
async fn an_image_that_cannot_be_read_now_is_kept_for_the_next_start() {
    // A link that leads to itself fails as a faulty disk does: with an error that is not "no image".
    for is_intended in [false, true] {
        let home = tempfile::tempdir().unwrap();
        let store = drawing_store(home.path()).await;
        start_call(&store, call("c2")).await;
        let staged = stage_for(&store, "c1", &png(1, 1, b"paid for"));
        let path = staged.path.to_path_buf();
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
            let facts = serde_json::to_value(crate::files::facts_of(&path).unwrap()).unwrap();
            let serde_json::Value::Object(mut record) = record else { panic!("no object") };
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
        assert_eq!(images[1].status, ImageStatus::Completed, "another call does not wait");
        assert!(path.symlink_metadata().is_ok());
        store.close().await;

        fs::rename(&aside, &path).unwrap();
        let store = open(home.path());
        let image = only_image(&store).await;
        assert_eq!((image.status, image.error, image.images.len()), (ImageStatus::Completed, None, 1));
        assert_eq!(fs::read(&image.images[0].path).unwrap(), png(1, 1, b"paid for"));
        assert_eq!(store.images(ImageListParams::default()).await.unwrap().data.len(), 2);
    }
}

/// A power cut may undo the renaming that says that an image is whole.
#[tokio::test]
async fn a_whole_image_is_known_by_its_content() {
    let whole_jpeg = [&b"\xff\xd8\xff\xc0\0\x0b\x08\0\x01\0\x01\x01\x01\x11\0"[..], b"\xff\xd9"].concat();
    let half_jpeg = &whole_jpeg[..whole_jpeg.len() - 2];
    let whole_png = png(1, 1, b"paid for");
    for (bytes, is_whole) in
        [(&whole_png[..], true), (&whole_png[..60], false), (&whole_jpeg, true), (half_jpeg, false)]
    {
        let home = tempfile::tempdir().unwrap();
        let store = drawing_store(home.path()).await;
        start_call(&store, call("c2")).await;
        let staged = stage_for(&store, "c1", &png(1, 1, b"")).path.keep().unwrap();
        fs::rename(&staged, staged.with_extension("part")).unwrap();
        fs::write(staged.with_extension("part"), bytes).unwrap();
        store.close().await;
        let image = only_image(&open(home.path())).await;
        assert_eq!(image.images.len(), usize::from(is_whole), "{bytes:?}");
        let files = names(&home.path().join("generated_images/thread-1"));
        assert_eq!(files.len(), usize::from(is_whole), "{files:?}");
    }
}

#[tokio::test]
async fn an_image_in_a_spare_folder_comes_home() {
    let home = tempfile::tempdir().unwrap();
    let store = drawing_store(home.path()).await;
    start_call(&store, call("c2")).await;
    let tag = crate::files::call_tag(THREAD, "c1");
    let maker = format!("{}.{tag}", store.owner).into();
    let full = Err(std::io::ErrorKind::StorageFull.into());
    let mut writer = MadeWriter::new(full, &maker, crate::spare::shared_folders()).unwrap();
    writer.write_all(&png(1, 1, b"paid for")).unwrap();
    let staged = store.call_files(THREAD, "c1").stage(writer).unwrap();
    let spare = staged.path.to_path_buf();
    abandon(staged);
    store.close().await;
    let image = only_image(&open(home.path())).await;
    let path = home.path().join("generated_images/thread-1/c1.png");
    assert_eq!((image.status, image.saved_path.as_deref()), (ImageStatus::Completed, path.to_str()));
    assert_eq!(fs::read(path).unwrap(), png(1, 1, b"paid for"));
    assert!(!spare.exists() && !spare.starts_with(home.path()));
}

/// A process died between the copy and the removal of the original.
#[tokio::test]
async fn an_image_that_had_come_home_is_taken_in_once() {
    let home = tempfile::tempdir().unwrap();
    let store = drawing_store(home.path()).await;
    let bytes = png(1, 1, b"paid for");
    abandon(stage_for(&store, "c1", &bytes));
    let tag = crate::files::call_tag(THREAD, "c1");
    let spare = std::env::temp_dir().join(format!("easel-c1.{tag}.png"));
    fs::write(&spare, &bytes).unwrap();
    store.close().await;
    assert_eq!(only_image(&open(home.path())).await.images.len(), 1);
    assert!(!spare.exists());
}

#[tokio::test]
async fn the_model_is_told_how_its_open_calls_ended() {
    let home = tempfile::tempdir().unwrap();
    let store = drawing_store(home.path()).await;
    start_call(&store, call("c2")).await;
    let end = CallEnd::Made { made: made(vec![stage(&store, &png(1, 1, b""))]), elapsed_ms: 1 };
    let record = store.settle(THREAD, "c1", end).await.unwrap().remove(0);
    store.close().await;
    let loaded = open(home.path()).load(THREAD).await.unwrap().unwrap();
    let outputs: Vec<_> = loaded.history[2..].iter().collect();
    let [
        ResponseItem::FunctionCallOutput { call_id: first, output: made },
        ResponseItem::FunctionCallOutput { call_id: second, output: failed },
    ] = outputs[..]
    else {
        panic!("not two outputs: {outputs:?}");
    };
    assert_eq!((first.as_str(), second.as_str()), ("c1", "c2"));
    let ContentItem::InputImage { image_url, .. } = &made[0] else { panic!("not a picture") };
    assert_eq!(*image_url, format!("easel:{}", record.id));
    let ContentItem::InputText { text } = &failed[0] else { panic!("not a text") };
    assert!(text.starts_with("No image was made"), "{text}");
    assert_eq!(loaded.images[0].reference.id.as_deref(), Some(record.id.as_str()));
}

#[tokio::test]
async fn nothing_of_a_living_process_is_touched() {
    let home = tempfile::tempdir().unwrap();
    let living = drawing_store(home.path()).await;
    let staged = stage(&living, &png(1, 1, b""));
    let writer = living.files(THREAD).create().unwrap();
    let other = open(home.path());
    assert_eq!(only_image(&other).await.status, ImageStatus::InProgress);
    let end = CallEnd::Made { made: made(vec![staged]), elapsed_ms: 1 };
    assert_eq!(living.settle(THREAD, "c1", end).await.unwrap().len(), 1);
    assert_eq!(names(&home.path().join("generated_images/thread-1")).len(), 2);
    drop(writer);
}

#[tokio::test]
async fn a_damaged_row_does_not_keep_the_store_from_starting() {
    let home = tempfile::tempdir().unwrap();
    let store = drawing_store(home.path()).await;
    store.close().await;
    let database = rusqlite::Connection::open(home.path().join("easel.db")).unwrap();
    database.execute("UPDATE calls SET json = 'not json'", []).unwrap();
    drop(database);
    assert!(open(home.path()).thread(THREAD).await.unwrap().is_some());
}

async fn request(store: &EaselStore, turn_id: &str) {
    let request = RequestStart { thread_id: THREAD.into(), turn_id: turn_id.into(), started_at_ms: 1_005_000 };
    store.reserve_request(request).await.unwrap();
}

#[tokio::test]
async fn a_hosted_image_without_a_row_may_have_been_billed() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    request(&store, TURN).await;
    let image = ThreadItem::ImageGeneration(Box::new(drawing("c1")));
    store.append(vec![turn_started(TURN), item_started(TURN, image)]).await.unwrap();
    store.close().await;
    let store = open(home.path());
    assert_eq!(only_image(&store).await.error.unwrap().billed, Billed::Uncertain);
    let turn = store.all_turns(THREAD, TurnItemsView::Full).await.unwrap().remove(0);
    assert_eq!((turn.status, turn.error), (TurnStatus::Interrupted, None), "the item says it");
}

#[tokio::test]
async fn an_open_hosted_request_without_an_item_is_told_in_the_turn() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.append(vec![turn_started("turn-0"), turn_started(TURN)]).await.unwrap();
    // Only one of both turns has such a request.
    request(&store, TURN).await;
    request(&store, TURN).await;
    store.close().await;
    let store = open(home.path());
    let turns = store.all_turns(THREAD, TurnItemsView::Full).await.unwrap();
    assert_eq!((turns[0].status, &turns[0].error), (TurnStatus::Interrupted, &None));
    let message = turns[1].error.as_ref().map(|error| error.message.as_str());
    insta::assert_snapshot!(message.unwrap_or_default(), @"Easel ended while the model answered; the provider may have made and billed an image that did not arrive.");
    assert_eq!(turns[1].status, TurnStatus::Failed);
    // The next start finds nothing more to do.
    store.close().await;
    assert_eq!(open(home.path()).all_turns(THREAD, TurnItemsView::Full).await.unwrap(), turns);
}

#[tokio::test]
async fn a_request_whose_turn_has_ended_is_open_no_longer() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.append(vec![turn_started(TURN)]).await.unwrap();
    request(&store, TURN).await;
    request(&store, "of an ephemeral thread").await;
    store.append(vec![turn_completed(TURN)]).await.unwrap();
    let open_requests = || {
        let database = rusqlite::Connection::open(home.path().join("easel.db")).unwrap();
        database.query_row("SELECT count(*) FROM hosted_requests", [], |row| row.get::<_, u32>(0)).unwrap()
    };
    assert_eq!(open_requests(), 1);
    store.close().await;
    let turn = open(home.path()).all_turns(THREAD, TurnItemsView::Full).await.unwrap().remove(0);
    assert_eq!((turn.status, turn.error, open_requests()), (TurnStatus::Completed, None, 0));
}
