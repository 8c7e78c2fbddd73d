//! Messages that were added to a running turn, and attachments that no message shows yet. Closing a store without
//! ending its work leaves the same state as killing its process.

use easel_imagegen::port::{ImageSource, Store};
use easel_protocol::event::Event;
use easel_protocol::id::ItemId;
use easel_protocol::item::{ThreadItem, UserMessageItem};
use easel_protocol::record::Attachment;
use easel_protocol::response_item::ResponseItem;
use easel_protocol::turn::TurnItemsView;

use super::sample::*;
use crate::EaselStore;
use crate::PendingMessage;

fn pending(id: &str, text: &str, handles: &[&str]) -> PendingMessage {
    let ThreadItem::UserMessage(item) = user(id, text) else { panic!("not a user message") };
    let item = UserMessageItem { completed_at_ms: None, ..item };
    PendingMessage { thread_id: THREAD.into(), turn_id: TURN.into(), item, input: shown_by_user(handles) }
}

async fn attach(store: &EaselStore, content: &[u8]) -> Attachment {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.encode(png(1, 1, content));
    store.import_image(THREAD, ImageSource::DataUrl(format!("data:image/png;base64,{bytes}"))).await.unwrap()
}

async fn messages(store: &EaselStore) -> Vec<ItemId> {
    items(store).await.iter().map(|item| item.id().to_owned()).collect()
}

#[tokio::test]
async fn pending_messages_enter_history_after_a_crash() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let picture = attach(&store, b"a").await;
    store.append(vec![turn_started(TURN), model_item(function_call("c1"))]).await.unwrap();
    for (id, handles) in [("u2", &[][..]), ("u1", &[picture.id.as_str()])] {
        store.save_pending_message(pending(id, "more", handles)).await.unwrap();
    }
    store.close().await;

    let store = open(home.path());
    assert_eq!(messages(&store).await, ["u2", "u1"], "in order of arrival");
    assert!(items(&store).await.iter().all(|item| item.times().1.is_some()));
    let loaded = store.load_thread(THREAD).await.unwrap().unwrap();
    let [call, output, first, second] = &loaded.history[..] else { panic!("{:#?}", loaded.history) };
    assert!(matches!(call, ResponseItem::FunctionCall { .. }));
    assert!(matches!(output, ResponseItem::FunctionCallOutput { .. }), "the output follows its call");
    assert_eq!((first, second), (&shown_by_user(&[]), &shown_by_user(&[&picture.id])));
    assert_eq!(loaded.images.len(), 1);
    assert!(std::path::Path::new(&picture.path).exists());
    // The next start has nothing to do.
    store.close().await;
    assert_eq!(messages(&open(home.path())).await, ["u2", "u1"]);
}

#[tokio::test]
async fn message_in_history_is_no_longer_pending() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.append(vec![turn_started(TURN)]).await.unwrap();
    for id in ["u1", "u2", "u3"] {
        store.save_pending_message(pending(id, "more", &[])).await.unwrap();
    }
    store.append(vec![item_completed(TURN, user("u1", "more")), model_item(shown_by_user(&[]))]).await.unwrap();
    store.remove_pending_message(THREAD, "u2").await.unwrap();
    store.close().await;
    assert_eq!(messages(&open(home.path())).await, ["u1", "u3"]);
}

#[tokio::test]
async fn ended_turn_has_no_pending_message() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.append(vec![turn_started(TURN)]).await.unwrap();
    store.save_pending_message(pending("u1", "too late", &[])).await.unwrap();
    store.append(vec![turn_completed(TURN)]).await.unwrap();
    store.close().await;
    let store = open(home.path());
    assert_eq!(messages(&store).await, [""; 0]);
    assert_eq!(store.load_all_turns(THREAD, TurnItemsView::Full).await.unwrap().len(), 1);
    store
        .save_pending_message(PendingMessage { turn_id: "no turn".into(), ..pending("u1", "x", &[]) })
        .await
        .unwrap_err();
}

#[tokio::test]
async fn unused_attachments_are_removed_after_a_crash() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let (shown, lost, twice) =
        (attach(&store, b"shown").await, attach(&store, b"lost").await, attach(&store, b"2").await);
    let again = attach(&store, b"2").await;
    assert_eq!((&again.path, again.id == twice.id), (&twice.path, false));
    let show = |image: &Attachment| -> Event { model_item(shown_by_user(&[&image.id])) };
    store.append(vec![turn_started(TURN), show(&shown), show(&again), turn_completed(TURN)]).await.unwrap();
    store.close().await;

    let store = open(home.path());
    let loaded = store.load_thread(THREAD).await.unwrap().unwrap();
    assert_eq!(loaded.images.len(), 2);
    for (image, exists) in [(&shown, true), (&lost, false), (&twice, true)] {
        assert_eq!(std::path::Path::new(&image.path).exists(), exists, "{}", image.path);
    }
    assert!(
        store.find_image(&lost.id).await.unwrap().is_none() && store.find_image(&twice.id).await.unwrap().is_none()
    );
}

#[tokio::test]
async fn attachments_of_a_refused_message_are_removed() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let (shown, refused) = (attach(&store, b"shown").await, attach(&store, b"refused").await);
    store.append(vec![turn_started(TURN), model_item(shown_by_user(&[&shown.id]))]).await.unwrap();
    store.discard_attachments(THREAD, vec![shown.id.clone(), refused.id.clone()]).await.unwrap();
    assert!(std::path::Path::new(&shown.path).exists() && !std::path::Path::new(&refused.path).exists());
    assert!(
        store.find_image(&shown.id).await.unwrap().is_some() && store.find_image(&refused.id).await.unwrap().is_none()
    );
}
