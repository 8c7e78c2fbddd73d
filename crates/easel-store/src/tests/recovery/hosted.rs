//! Requests with the hosted tool that were open when their process died.

use easel_imagegen::port::{CallEnd, Store};
use easel_protocol::image::ImageListParams;
use easel_protocol::item::{ImageStatus, ThreadItem};
use easel_protocol::record::Billed;
use easel_protocol::response_item::{HANDLE_SCHEME, ResponseItem};
use easel_protocol::turn::{TurnItemsView, TurnStatus};

use super::super::sample::*;
use super::*;
use crate::EaselStore;

async fn reserve_request(store: &EaselStore, turn_id: &str) {
    store.reserve_request(hosted_request(turn_id)).await.unwrap();
}

#[tokio::test]
async fn hosted_image_without_a_row_may_have_been_billed() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    reserve_request(&store, TURN).await;
    let image = ThreadItem::ImageGeneration(Box::new(drawing("c1")));
    store.append(vec![turn_started(TURN), item_started(TURN, image)]).await.unwrap();
    store.close().await;
    let store = open(home.path());
    assert_eq!(only_image(&store).await.error.unwrap().billed, Billed::Uncertain);
    let turn = store.load_all_turns(THREAD, TurnItemsView::Full).await.unwrap().remove(0);
    assert_eq!((turn.status, turn.error), (TurnStatus::Interrupted, None), "the item reports it");
}

#[tokio::test]
async fn hosted_call_without_an_item_gets_one() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    reserve_request(&store, TURN).await;
    store.append(vec![turn_started(TURN)]).await.unwrap();
    // The journal comes before the item, and the process died in between.
    store.reserve(call("c1")).await.unwrap();
    let staged = stage(&store, &png(4, 4, b"made"));
    let records =
        store.settle(THREAD, "c1", CallEnd::Generated { made: made(vec![staged]), elapsed_ms: 1 }).await.unwrap();
    store.close().await;
    let store = open(home.path());
    let item = only_image(&store).await;
    assert_eq!((item.status, item.images, item.error), (ImageStatus::Completed, records, None));
    let turn = store.load_all_turns(THREAD, TurnItemsView::Full).await.unwrap().remove(0);
    assert_eq!((turn.status, turn.error), (TurnStatus::Interrupted, None));
}

#[tokio::test]
async fn turn_reports_an_open_hosted_request() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.append(vec![turn_started("turn-0"), turn_started(TURN)]).await.unwrap();
    // Two requests of one turn count once. The other turn has none.
    reserve_request(&store, TURN).await;
    reserve_request(&store, TURN).await;
    store.close().await;
    let store = open(home.path());
    let turns = store.load_all_turns(THREAD, TurnItemsView::Full).await.unwrap();
    assert_eq!((turns[0].status, &turns[0].error), (TurnStatus::Interrupted, &None));
    let message = turns[1].error.as_ref().map(|error| error.message.as_str());
    insta::assert_snapshot!(message.unwrap_or_default(), @"Easel ended while the model answered; the provider may have made and billed an image that did not arrive.");
    assert_eq!(turns[1].status, TurnStatus::Failed);
    // The next start has nothing to do.
    store.close().await;
    assert_eq!(open(home.path()).load_all_turns(THREAD, TurnItemsView::Full).await.unwrap(), turns);
}

#[tokio::test]
async fn ended_turn_has_no_open_request() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.append(vec![turn_started(TURN)]).await.unwrap();
    reserve_request(&store, TURN).await;
    reserve_request(&store, "ephemeral-turn").await;
    store.append(vec![turn_completed(TURN)]).await.unwrap();
    let open_requests = || {
        let database = rusqlite::Connection::open(home.path().join("easel.db")).unwrap();
        database.query_row("SELECT count(*) FROM hosted_requests", [], |row| row.get::<_, u32>(0)).unwrap()
    };
    assert_eq!(open_requests(), 1);
    store.close().await;
    let turn = open(home.path()).load_all_turns(THREAD, TurnItemsView::Full).await.unwrap().remove(0);
    assert_eq!((turn.status, turn.error, open_requests()), (TurnStatus::Completed, None, 0));
}

#[tokio::test]
async fn image_that_arrived_before_its_call_gets_one() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    reserve_request(&store, TURN).await;
    store.append(vec![turn_started(TURN)]).await.unwrap();
    let bytes = png(4, 4, b"made");
    abandon(stage(&store, &bytes));
    store.close().await;
    let store = open(home.path());
    let item = only_image(&store).await;
    assert_eq!((item.status, item.error, item.images.len()), (ImageStatus::Completed, None, 1));
    assert_eq!(std::fs::read(&item.images[0].path).unwrap(), bytes);
    assert_eq!(store.list_images(ImageListParams::default()).await.unwrap().data.len(), 1);
    let handle = format!("{HANDLE_SCHEME}{}", item.images[0].id);
    let conversation = store.load_thread(THREAD).await.unwrap().unwrap().history;
    let shows_image =
        |item: &ResponseItem| matches!(item, ResponseItem::ImageGenerationCall { result, .. } if *result == handle);
    assert_eq!(conversation.iter().filter(|item| shows_image(item)).count(), 1);
}
