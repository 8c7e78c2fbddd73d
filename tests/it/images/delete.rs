//! Deletion of images by the client.

use easel_protocol::event::{Event, ImageDeletedNotification};
use easel_protocol::image::{ImageDeleteParams, ImageListParams, ImageReadParams};
use easel_protocol::item::ThreadItem;
use easel_protocol::method::{ImageDelete, ImageRead, ThreadRead, ThreadResume, ThreadUnsubscribe};
use easel_protocol::thread::ThreadUnsubscribeParams;
use serde_json::{Value, json};

use super::{draw, listed};
use crate::harness::events::{as_image, completed_image};
use crate::harness::{HOSTED, SLOW_AND_FREE, STANDALONE, Sandbox, Server, text};
use crate::threads::forks::{fork, fork_params};

fn delete_params(image_id: &str) -> ImageDeleteParams {
    ImageDeleteParams { image_id: image_id.into(), thread_id: None }
}

async fn expect_deleted(server: &mut Server, thread_id: &str, image_id: &str) {
    let deleted = ImageDeletedNotification { thread_id: thread_id.into(), image_id: image_id.into() };
    server.expect_event("image/deleted", |event| *event == Event::ImageDeleted(deleted.clone())).await;
}

/// The image items of a thread in its history.
async fn history(server: &mut Server, thread_id: &str) -> Vec<easel_protocol::item::ImageGenerationItem> {
    let thread = server.request::<ThreadRead>(&crate::threads::read_params(thread_id)).await.thread;
    let items: Vec<ThreadItem> = thread.turns.into_iter().flat_map(|turn| turn.items).collect();
    items.iter().filter_map(as_image).cloned().collect()
}

#[tokio::test]
async fn deleted_image_is_marked_in_history() {
    for tool in [STANDALONE, HOSTED] {
        let sandbox = Sandbox::new();
        let mut server = sandbox.start_server_with(tool).await;
        let (thread_id, records) = draw(&mut server, &["draw a red square", "draw a fox"]).await;
        let (deleted, remaining) = (&records[1], &records[0]);
        let response = server.request::<ImageDelete>(&delete_params(&deleted.id)).await;
        assert_eq!((response.thread_id.as_str(), response.file_deleted), (thread_id.as_str(), true));
        expect_deleted(&mut server, &thread_id, &deleted.id).await;
        assert!(!std::path::Path::new(&deleted.path).exists() && std::path::Path::new(&remaining.path).exists());
        assert_eq!(listed(&mut server, ImageListParams::default()).await, std::slice::from_ref(remaining));
        let params = ImageReadParams { image_id: deleted.id.clone(), offset: Some(0), ..ImageReadParams::default() };
        assert_eq!(
            server.request_error::<ImageRead>(&params).await,
            format!("-32600 image {} was deleted", deleted.id)
        );
        assert_eq!(
            server.request_error::<ImageDelete>(&delete_params(&deleted.id)).await,
            format!("-32600 image {} not found", deleted.id)
        );

        let items = history(&mut server, &thread_id).await;
        assert_eq!((items[1].images[0].deleted, &items[1].saved_path), (true, &None));
        assert_eq!((items[0].images[0].deleted, &items[0].saved_path), (false, &Some(remaining.path.clone())));

        // The newest remaining image is edited.
        let events = server.run_turn(&thread_id, vec![text("make it blue")]).await;
        let inputs = &completed_image(&events).images[0].inputs;
        assert_eq!(inputs.iter().map(|input| input.id.as_deref()).collect::<Vec<_>>(), [Some(remaining.id.as_str())]);
        server.close().await;
    }
}

#[tokio::test]
async fn concurrent_deletes_delete_once() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server_with(STANDALONE).await;
    let (_, records) = draw(&mut server, &["draw a red square"]).await;
    for id in [1001, 1002] {
        let line = json!({ "id": id, "method": "image/delete", "params": delete_params(&records[0].id) }).to_string();
        server.client.send_line(&line).await.expect("a pipe");
    }
    let mut errors = Vec::new();
    while errors.len() < 2 {
        let line = server.client.read_line().await.expect("a whole line").expect("a response");
        let message: Value = serde_json::from_str(&line).expect("JSON");
        if message["method"].is_null() {
            errors.push(message["error"]["message"].as_str().map(str::to_owned));
        }
    }
    // Either of the requests may be first.
    errors.sort();
    assert_eq!(errors, [None, Some(format!("image {} not found", records[0].id))]);
    server.close().await;
}

#[tokio::test]
async fn conversation_keeps_only_the_handle_of_a_deleted_image() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server_with(STANDALONE).await;
    let (thread_id, records) = draw(&mut server, &["draw a red square"]).await;
    server.close().await;
    // This process did not generate the image, and the thread is not loaded.
    let mut server = sandbox.start_server_with(STANDALONE).await;
    server.request::<ImageDelete>(&delete_params(&records[0].id)).await;
    expect_deleted(&mut server, &thread_id, &records[0].id).await;
    server.request::<ThreadResume>(&crate::threads::resume_params(&thread_id)).await;
    server.close().await;
    let database = rusqlite::Connection::open(sandbox.home().join("easel.db")).expect("the database");
    let mut statement = database.prepare("SELECT json FROM model_items ORDER BY position").expect("a table");
    let items = statement.query_map((), |row| row.get::<_, String>(0)).expect("rows");
    let items = items.collect::<Result<Vec<_>, _>>().expect("rows").join("\n");
    // The note that the model reads is written when the conversation is rendered; unit tests of the tool have its text.
    let handle = format!("easel:{}", records[0].id);
    assert!(items.contains(&handle) && !items.contains("deleted") && !items.contains(&records[0].path), "{items}");
}

#[tokio::test]
async fn file_is_removed_with_its_last_reference() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server_with(STANDALONE).await;
    let (original, records) = draw(&mut server, &["draw a red square"]).await;
    let copy = fork(&mut server, &fork_params(&original)).await;
    let image_id = &records[0].id;
    let path = std::path::Path::new(&records[0].path);
    let refused = server.request_error::<ImageDelete>(&delete_params(image_id)).await;
    assert_eq!(refused, "-32602 Invalid params: `threadId`: is required: several threads use this image");

    let params = ImageDeleteParams { thread_id: Some(original.clone().into()), ..delete_params(image_id) };
    assert!(!server.request::<ImageDelete>(&params).await.file_deleted);
    expect_deleted(&mut server, &original, image_id).await;
    assert!(path.exists());
    assert_eq!(listed(&mut server, ImageListParams::default()).await.len(), 1, "the copy counts from now on");
    let read = server
        .request::<ImageRead>(&ImageReadParams { image_id: image_id.clone(), ..ImageReadParams::default() })
        .await;
    assert_eq!((read.entry.thread_id.as_str(), read.entry.image.deleted), (copy.id.as_str(), false));
    assert!(history(&mut server, &original).await[0].images[0].deleted);
    assert!(!history(&mut server, &copy.id).await[0].images[0].deleted);

    assert!(server.request::<ImageDelete>(&delete_params(image_id)).await.file_deleted);
    expect_deleted(&mut server, &copy.id, image_id).await;
    assert!(!path.exists() && listed(&mut server, ImageListParams::default()).await.is_empty());
    server.close().await;
}

#[tokio::test]
async fn ephemeral_thread_continues_after_its_image_is_deleted() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server_with(STANDALONE).await;
    let params = easel_protocol::thread::ThreadStartParams { ephemeral: Some(true), ..Default::default() };
    let thread = server.start_thread_with(params).await;
    let events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    let image_id = completed_image(&events).images[0].id.clone();
    assert!(server.request::<ImageDelete>(&delete_params(&image_id)).await.file_deleted);
    expect_deleted(&mut server, &thread.id, &image_id).await;
    assert!(history(&mut server, &thread.id).await[0].images[0].deleted);
    let events = server.run_turn(&thread.id, vec![text("draw a fox")]).await;
    assert!(completed_image(&events).error.is_none());
    server.close().await;
}

/// The thread has no row on the disk, and other processes still cannot delete its images while it lives.
#[tokio::test]
async fn images_of_a_foreign_ephemeral_thread_cannot_be_deleted() {
    let sandbox = Sandbox::new();
    let (mut one, mut two) = (sandbox.start_server_with(STANDALONE).await, sandbox.start_server_with(STANDALONE).await);
    let params = easel_protocol::thread::ThreadStartParams { ephemeral: Some(true), ..Default::default() };
    let thread_id = one.start_thread_with(params).await.id;
    let image_id =
        completed_image(&one.run_turn(&thread_id, vec![text("draw a red square")]).await).images[0].id.clone();
    let pid = one.client.pid().expect("the process runs");
    let refusal = two.request_error::<ImageDelete>(&delete_params(&image_id)).await;
    assert_eq!(refusal, format!("-32600 thread {thread_id} is in use by another Easel, process {pid}"));
    one.request::<ThreadUnsubscribe>(&ThreadUnsubscribeParams { thread_id: thread_id.clone() }).await;
    one.expect_event("its end", |event| event.method() == "thread/closed").await;
    assert!(two.request::<ImageDelete>(&delete_params(&image_id)).await.file_deleted);
    expect_deleted(&mut two, &thread_id, &image_id).await;
    one.close().await;
    two.close().await;
}

#[tokio::test]
async fn image_is_not_deleted_during_a_turn() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server_with(STANDALONE).await;
    let (thread_id, records) = draw(&mut server, &["draw a red square"]).await;
    server.close().await;
    std::fs::write(sandbox.home().join("config.toml"), SLOW_AND_FREE).expect("a configuration");
    let mut server = sandbox.start_server_with(STANDALONE).await;
    let resume = easel_protocol::thread::ThreadResumeParams {
        model_provider: Some("slow".to_owned()),
        ..crate::threads::resume_params(&thread_id)
    };
    server.request::<ThreadResume>(&resume).await;
    let turn = server.start_turn(&thread_id, vec![text("draw a fox")]).await;
    let refused = server.request_error::<ImageDelete>(&delete_params(&records[0].id)).await;
    assert_eq!(refused, format!("-32600 turn {} is still running", turn.id));
    assert!(std::path::Path::new(&records[0].path).exists());
    server.client.kill().await.expect("it ends");
}

#[tokio::test]
async fn invalid_deletions_are_refused() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server_with(STANDALONE).await;
    let (_, records) = draw(&mut server, &["draw a red square"]).await;
    let elsewhere = ImageDeleteParams { thread_id: Some("nowhere".into()), ..delete_params(&records[0].id) };
    assert_eq!(server.request_error::<ImageDelete>(&elsewhere).await, "-32600 thread nowhere not found");
    let other = server.start_thread().await.id;
    let elsewhere = ImageDeleteParams { thread_id: Some(other.clone()), ..delete_params(&records[0].id) };
    let refusal = server.request_error::<ImageDelete>(&elsewhere).await;
    assert_eq!(refusal, format!("-32600 thread {other} has no image {}", records[0].id));
    for (params, message) in [
        (json!({}), "-32602 Invalid params: `imageId`: missing field"),
        (json!({"imageId": 1}), "-32602 Invalid params: `imageId`: invalid type: integer `1`, expected a string"),
        (json!({"imageId": "../../easel.db"}), "-32600 image ../../easel.db not found"),
    ] {
        assert_eq!(server.call("image/delete", &params).await, Err(message.to_owned()));
    }
    server.close().await;
}
