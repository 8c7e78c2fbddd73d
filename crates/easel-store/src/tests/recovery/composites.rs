//! Composites of calls whose process died.

use std::fs;

use easel_imagegen::port::{CallEnd, EditSource, GeneratedImages, ImageSource, Provenance, Reference, Store};
use easel_picture::Picture;
use easel_protocol::record::{CompositeStatus, ImageRecord};
use easel_protocol::usage::UsageReadParams;
use tokio_util::sync::CancellationToken;

use super::super::sample::*;
use super::*;

/// Returns a picture of one color, which is transparent at the left if it is a mask.
fn picture(color: u8, is_mask: bool) -> Vec<u8> {
    let pixel = |x| if is_mask && x < 32 { [0; 4] } else { [color, 9, 9, 255] };
    let row: Vec<u8> = (0..64).flat_map(pixel).collect();
    Picture { width: 64, height: 64, rgba: row.repeat(64), icc_profile: None }.to_png().unwrap()
}

async fn attached(store: &EaselStore, bytes: &[u8]) -> Reference {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.png");
    fs::write(&file, bytes).unwrap();
    let source = ImageSource::ClientPath(file);
    let attachment = store.import_image(THREAD, source).await.unwrap();
    let (path, facts) = (attachment.path.into(), attachment.facts);
    Reference { id: Some(attachment.id), path, facts, provenance: Provenance::User }
}

/// Returns an edit of the call `c1` with its composite, before it is settled.
async fn edited(store: &EaselStore) -> GeneratedImages {
    let (base, mask) = (attached(store, &picture(10, false)).await, attached(store, &picture(0, true)).await);
    let edit = EditSource { base, mask: Some(mask), preserve: true };
    let made = made(vec![stage(store, &picture(200, false))]);
    store.examine_edit(THREAD, "c1", edit, made, &CancellationToken::new()).await
}

fn composite_and_original(records: &[ImageRecord]) -> (&ImageRecord, &ImageRecord) {
    let [original, composite] = records else { panic!("{records:#?}") };
    assert!(original.derived.is_none() && composite.derived.is_some());
    (composite, original)
}

#[tokio::test]
async fn composite_is_settled_with_its_original() {
    let home = tempfile::tempdir().unwrap();
    let store = drawing_store(home.path()).await;
    let end = CallEnd::Generated { made: edited(&store).await, elapsed_ms: 5 };
    let records = store.settle(THREAD, "c1", end).await.unwrap();
    let (composite, original) = composite_and_original(&records);
    assert_eq!(composite.derived.as_ref().unwrap().from[0], original.id);
    assert_eq!((composite.usage.as_ref(), original.usage.is_some()), (None, true));
    assert_eq!((composite.applied.n, original.applied.n), (Some(1), Some(1)));
    let used = store.list_usage(UsageReadParams::default()).await.unwrap().totals;
    assert_eq!(used.iter().map(|used| used.images).collect::<Vec<_>>(), [1], "a composite is not billed");
    let outside = |record: &ImageRecord| record.edit.as_ref().unwrap().outside.as_ref().unwrap().changed;
    assert_eq!((outside(composite), outside(original)), (0, 32 * 64));
    store.close().await;
    let image = only_image(&open(home.path())).await;
    assert_eq!(image.images, std::slice::from_ref(composite), "recovery shows the composite too");
}

#[tokio::test]
async fn crash_before_the_intent_leaves_the_original_only() {
    let home = tempfile::tempdir().unwrap();
    let store = drawing_store(home.path()).await;
    let made = edited(&store).await;
    for image in made.images {
        let composite = image.edit.unwrap().composite.unwrap();
        abandon(image.staged);
        abandon(composite.staged);
    }
    store.close().await;
    let image = only_image(&open(home.path())).await;
    let [original] = image.images.as_slice() else { panic!("{:#?}", image.images) };
    assert_eq!(fs::read(&original.path).unwrap(), picture(200, false));
    assert_eq!((&original.edit, &original.derived), (&None, &None));
    assert_eq!(names(&home.path().join("generated_images/thread-1")), ["c1.png"]);
}

#[tokio::test]
async fn composite_that_was_lost_is_not_reported_as_made() {
    let home = tempfile::tempdir().unwrap();
    let store = drawing_store(home.path()).await;
    let end = CallEnd::Generated { made: edited(&store).await, elapsed_ms: 5 };
    let records = store.settle(THREAD, "c1", end).await.unwrap();
    let (composite, original) = composite_and_original(&records);
    // Undoes the outcome, and loses the composite as a crash before its renaming does.
    let intent = serde_json::json!({
        "images": records.iter().map(|record| serde_json::json!({ "staged": "/gone", "record": record })).collect::<Vec<_>>(),
        "generationId": null,
    });
    store.close().await;
    let database = rusqlite::Connection::open(home.path().join("easel.db")).unwrap();
    database.execute("UPDATE calls SET outcome = NULL, intent = ?1", [intent.to_string()]).unwrap();
    database.execute("DELETE FROM images WHERE origin = 'made'", []).unwrap();
    drop(database);
    fs::remove_file(&composite.path).unwrap();
    let image = only_image(&open(home.path())).await;
    assert_eq!(image.images.len(), 1);
    assert_eq!(image.images[0].id, original.id);
    let status = &image.images[0].edit.as_ref().unwrap().composite;
    assert!(matches!(status, CompositeStatus::Refused(_)), "{status:?}");
}

/// Makes writes of intents fail, as a full disk does, or work again.
fn fail_intents(home: &std::path::Path, fail: bool) {
    let database = rusqlite::Connection::open(home.join("easel.db")).unwrap();
    let sql = if fail {
        "CREATE TRIGGER full BEFORE UPDATE OF intent ON calls BEGIN SELECT RAISE(FAIL, 'full'); END"
    } else {
        "DROP TRIGGER full"
    };
    database.execute_batch(sql).unwrap();
}

#[tokio::test]
async fn composite_without_an_intent_is_no_billed_image() {
    let home = tempfile::tempdir().unwrap();
    let store = drawing_store(home.path()).await;
    let end = CallEnd::Generated { made: edited(&store).await, elapsed_ms: 5 };
    fail_intents(home.path(), true);
    assert!(store.settle(THREAD, "c1", end).await.is_err());
    fail_intents(home.path(), false);
    assert_eq!(names(&home.path().join("generated_images/thread-1")), ["c1.png"]);
    store.close().await;
    let image = only_image(&open(home.path())).await;
    let [original] = image.images.as_slice() else { panic!("{:#?}", image.images) };
    assert_eq!(fs::read(&original.path).unwrap(), picture(200, false));
    let database = rusqlite::Connection::open(home.path().join("easel.db")).unwrap();
    let count: i64 =
        database.query_row("SELECT count(*) FROM images WHERE origin = 'made'", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 1);
}

#[tokio::test]
async fn file_names_its_call_before_the_comparison_ends() {
    let home = tempfile::tempdir().unwrap();
    let store = drawing_store(home.path()).await;
    let made = edited(&store).await;
    let tag = crate::files::unfinished::call_tag(THREAD, "c1");
    let name = made.images[0].staged.path().file_name().unwrap().to_string_lossy().into_owned();
    assert!(name.contains(&tag), "{name}");
}

#[tokio::test]
async fn original_comes_back_when_its_composite_is_deleted() {
    let home = tempfile::tempdir().unwrap();
    let store = drawing_store(home.path()).await;
    let end = CallEnd::Generated { made: edited(&store).await, elapsed_ms: 5 };
    let records = store.settle(THREAD, "c1", end).await.unwrap();
    let (composite, original) = composite_and_original(&records);
    let newest = || {
        let database = rusqlite::Connection::open(home.path().join("easel.db")).unwrap();
        let sql = format!(
            "SELECT json_extract(json, '$.id') FROM ({})",
            crate::threads::history::images::NEWEST_GENERATED_SQL
        );
        let id: String = database.query_row(&sql, [THREAD], |row| row.get(0)).unwrap();
        id
    };
    assert_eq!(newest(), *composite.id);
    store.delete_image(THREAD, &composite.id).await.unwrap();
    assert_eq!(newest(), *original.id);
}
