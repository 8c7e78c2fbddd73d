//! Ephemeral threads, which are kept in memory.

use easel_protocol::event::Event;
use easel_protocol::id::ThreadId;
use easel_protocol::image::{ImageListParams, ImageReadParams};
use easel_protocol::method::{
    ImageList, ImageRead, ThreadArchive, ThreadDelete, ThreadItemsList, ThreadList, ThreadLoadedList, ThreadNameSet,
    ThreadRead, ThreadResume, ThreadUnsubscribe,
};
use easel_protocol::thread::{
    Thread, ThreadArchiveParams, ThreadDeleteParams, ThreadForkParams, ThreadListParams, ThreadLoadedListParams,
    ThreadSetNameParams, ThreadStartParams, ThreadUnsubscribeParams,
};

use super::forks::{fork, fork_params};
use super::{items_list_params, read_params, resume_params};
use crate::harness::events::completed_image;
use crate::harness::read_file;
use crate::harness::{Sandbox, Server, text};
use crate::storage::list_recursively;

const SECRET: &str = "a quite singular otter";

async fn start_ephemeral_thread(server: &mut Server) -> Thread {
    let thread = server.start_thread_with(ThreadStartParams { ephemeral: Some(true), ..Default::default() }).await;
    assert!(thread.ephemeral);
    thread
}

async fn list_thread_ids(server: &mut Server) -> Vec<ThreadId> {
    server.request::<ThreadList>(&ThreadListParams::default()).await.data.into_iter().map(|thread| thread.id).collect()
}

#[tokio::test]
async fn ephemeral_thread_supports_every_read() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = start_ephemeral_thread(&mut server).await;
    let generated =
        completed_image(&server.run_turn(&thread.id, vec![text("draw a red square")]).await).images[0].clone();
    let edited = completed_image(&server.run_turn(&thread.id, vec![text("make it blue")]).await).images[0].clone();
    assert_eq!(edited.inputs[0].id.as_ref(), Some(&generated.id));
    let params = ThreadSetNameParams { thread_id: thread.id.clone(), name: "Squares".to_owned() };
    server.request::<ThreadNameSet>(&params).await;
    server.expect_event("thread/name/updated", |event| matches!(event, Event::ThreadNameUpdated(_))).await;
    let thread_read = server.request::<ThreadRead>(&read_params(&thread.id)).await.thread;
    assert_eq!(
        (thread_read.turns.len(), thread_read.name.as_deref(), thread_read.ephemeral),
        (2, Some("Squares"), true)
    );
    assert!(!server.request::<ThreadItemsList>(&items_list_params(&thread.id)).await.data.is_empty());
    assert_eq!(server.request::<ThreadLoadedList>(&ThreadLoadedListParams::default()).await.data, [&*thread.id]);
    assert!(list_thread_ids(&mut server).await.is_empty());
    let params = ImageListParams { thread_id: Some(thread.id.clone()), ..ImageListParams::default() };
    assert_eq!(server.request::<ImageList>(&params).await.data.len(), 2);
    let refusal = server.request_error::<ThreadArchive>(&ThreadArchiveParams { thread_id: thread.id.clone() }).await;
    assert_eq!(refusal, format!("-32600 thread {} is ephemeral and cannot be archived", thread.id));
    server.close().await;
}

/// An image and its record outlive the conversation, because the image was paid for.
#[tokio::test]
async fn ephemeral_thread_ends_with_its_last_subscriber() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = start_ephemeral_thread(&mut server).await;
    let generated =
        completed_image(&server.run_turn(&thread.id, vec![text("draw a red square")]).await).images[0].clone();
    server.request::<ThreadUnsubscribe>(&ThreadUnsubscribeParams { thread_id: thread.id.clone() }).await;
    server.expect_event("thread/closed", |event| matches!(event, Event::ThreadClosed(_))).await;
    let refusal = server.request_error::<ThreadResume>(&resume_params(&thread.id)).await;
    assert_eq!(refusal, format!("-32600 thread {} not found", thread.id));
    let params = ImageReadParams { image_id: generated.id, ..ImageReadParams::default() };
    let found = server.request::<ImageRead>(&params).await;
    assert!(!read_file(&found.entry.image.path).is_empty());
    server.close().await;
}

#[tokio::test]
async fn ephemeral_messages_are_not_on_the_disk() {
    let sandbox = Sandbox::with_config("[features]\nimage_generation = false\n");
    let mut server = sandbox.start_server().await;
    let thread = start_ephemeral_thread(&mut server).await;
    server.run_turn(&thread.id, vec![text(SECRET)]).await;
    assert!(server.request::<ThreadRead>(&read_params(&thread.id)).await.thread.preview.contains(SECRET));
    for path in list_recursively(&sandbox.home()).into_iter().filter(|path| path.is_file()) {
        let bytes = read_file(&path);
        let holds = bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
        assert!(!holds, "{}", path.display());
    }
    server.close().await;
    let mut server = sandbox.start_server().await;
    assert!(list_thread_ids(&mut server).await.is_empty());
    server.close().await;
}

#[tokio::test]
async fn forks_convert_between_stored_and_ephemeral() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let stored = server.start_thread().await;
    let generated =
        completed_image(&server.run_turn(&stored.id, vec![text("draw a red square")]).await).images[0].clone();
    let ephemeral_fork =
        fork(&mut server, &ThreadForkParams { ephemeral: Some(true), ..fork_params(&stored.id) }).await;
    assert!(ephemeral_fork.ephemeral);
    let edited =
        completed_image(&server.run_turn(&ephemeral_fork.id, vec![text("make it blue")]).await).images[0].clone();
    assert_eq!(edited.inputs[0].id.as_ref(), Some(&generated.id));
    let stored_fork = fork(&mut server, &fork_params(&ephemeral_fork.id)).await;
    assert_eq!((stored_fork.ephemeral, stored_fork.turns.len()), (false, 2));
    let mut expected = vec![stored.id.clone(), stored_fork.id.clone()];
    let mut found = list_thread_ids(&mut server).await;
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    server.request::<ThreadDelete>(&ThreadDeleteParams { thread_id: ephemeral_fork.id.clone() }).await;
    server.expect_event("thread/deleted", |event| matches!(event, Event::ThreadDeleted(_))).await;
    server.close().await;

    let mut server = sandbox.start_server().await;
    server.request::<ThreadResume>(&resume_params(&stored_fork.id)).await;
    let third = completed_image(&server.run_turn(&stored_fork.id, vec![text("make it green")]).await).images[0].clone();
    let inputs: Vec<_> = third.inputs.into_iter().map(|input| input.id).collect();
    assert_eq!(inputs, [Some(generated.id), Some(edited.id)]);
    server.close().await;
}
