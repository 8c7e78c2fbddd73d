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

async fn ephemeral(server: &mut Server) -> Thread {
    let thread = server.start_thread_with(ThreadStartParams { ephemeral: Some(true), ..Default::default() }).await;
    assert!(thread.ephemeral);
    thread
}

async fn listed(server: &mut Server) -> Vec<ThreadId> {
    server.request::<ThreadList>(&ThreadListParams::default()).await.data.into_iter().map(|thread| thread.id).collect()
}

#[tokio::test]
async fn ephemeral_thread_supports_every_read() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = ephemeral(&mut server).await;
    let drawn = completed_image(&server.run_turn(&thread.id, vec![text("draw a red square")]).await).images[0].clone();
    let edited = completed_image(&server.run_turn(&thread.id, vec![text("make it blue")]).await).images[0].clone();
    assert_eq!(edited.inputs[0].id.as_ref(), Some(&drawn.id));
    let params = ThreadSetNameParams { thread_id: thread.id.clone(), name: "Squares".to_owned() };
    server.request::<ThreadNameSet>(&params).await;
    server.expect_event("thread/name/updated", |event| matches!(event, Event::ThreadNameUpdated(_))).await;
    let seen = server.request::<ThreadRead>(&read_params(&thread.id)).await.thread;
    assert_eq!((seen.turns.len(), seen.name.as_deref(), seen.ephemeral), (2, Some("Squares"), true));
    assert!(!server.request::<ThreadItemsList>(&items_list_params(&thread.id)).await.data.is_empty());
    assert_eq!(server.request::<ThreadLoadedList>(&ThreadLoadedListParams::default()).await.data, [&*thread.id]);
    assert!(listed(&mut server).await.is_empty());
    let params = ImageListParams { thread_id: Some(thread.id.clone()), ..ImageListParams::default() };
    assert_eq!(server.request::<ImageList>(&params).await.data.len(), 2);
    let refusal = server.request_error::<ThreadArchive>(&ThreadArchiveParams { thread_id: thread.id.clone() }).await;
    assert_eq!(refusal, format!("-32600 thread {} is ephemeral and cannot be archived", thread.id));
    server.close().await;
}

/// What was paid for outlives the conversation: the image and its record.
#[tokio::test]
async fn ephemeral_thread_ends_with_its_last_subscriber() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = ephemeral(&mut server).await;
    let drawn = completed_image(&server.run_turn(&thread.id, vec![text("draw a red square")]).await).images[0].clone();
    server.request::<ThreadUnsubscribe>(&ThreadUnsubscribeParams { thread_id: thread.id.clone() }).await;
    server.expect_event("thread/closed", |event| matches!(event, Event::ThreadClosed(_))).await;
    let refusal = server.request_error::<ThreadResume>(&resume_params(&thread.id)).await;
    assert_eq!(refusal, format!("-32600 thread {} not found", thread.id));
    let params = ImageReadParams { image_id: drawn.id, offset: None, length: None };
    let found = server.request::<ImageRead>(&params).await;
    assert!(!read_file(&found.entry.image.path).is_empty());
    server.close().await;
}

#[tokio::test]
async fn ephemeral_messages_are_not_on_the_disk() {
    let sandbox = Sandbox::with_config("[features]\nimage_generation = false\n");
    let mut server = sandbox.start_server().await;
    let thread = ephemeral(&mut server).await;
    server.run_turn(&thread.id, vec![text(SECRET)]).await;
    assert!(server.request::<ThreadRead>(&read_params(&thread.id)).await.thread.preview.contains(SECRET));
    for path in list_recursively(&sandbox.home()).into_iter().filter(|path| path.is_file()) {
        let bytes = read_file(&path);
        let holds = bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
        assert!(!holds, "{}", path.display());
    }
    server.close().await;
    let mut server = sandbox.start_server().await;
    assert!(listed(&mut server).await.is_empty());
    server.close().await;
}

#[tokio::test]
async fn forks_convert_between_stored_and_ephemeral() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let kept = server.start_thread().await;
    let drawn = completed_image(&server.run_turn(&kept.id, vec![text("draw a red square")]).await).images[0].clone();
    let fleeting = fork(&mut server, &ThreadForkParams { ephemeral: Some(true), ..fork_params(&kept.id) }).await;
    assert!(fleeting.ephemeral);
    let edited = completed_image(&server.run_turn(&fleeting.id, vec![text("make it blue")]).await).images[0].clone();
    assert_eq!(edited.inputs[0].id.as_ref(), Some(&drawn.id));
    let back = fork(&mut server, &fork_params(&fleeting.id)).await;
    assert_eq!((back.ephemeral, back.turns.len()), (false, 2));
    let mut wanted = vec![kept.id.clone(), back.id.clone()];
    let mut found = listed(&mut server).await;
    wanted.sort();
    found.sort();
    assert_eq!(found, wanted);
    server.request::<ThreadDelete>(&ThreadDeleteParams { thread_id: fleeting.id.clone() }).await;
    server.expect_event("thread/deleted", |event| matches!(event, Event::ThreadDeleted(_))).await;
    server.close().await;

    let mut server = sandbox.start_server().await;
    server.request::<ThreadResume>(&resume_params(&back.id)).await;
    let again = completed_image(&server.run_turn(&back.id, vec![text("make it green")]).await).images[0].clone();
    let inputs: Vec<_> = again.inputs.into_iter().map(|input| input.id).collect();
    assert_eq!(inputs, [Some(drawn.id), Some(edited.id)]);
    server.close().await;
}
