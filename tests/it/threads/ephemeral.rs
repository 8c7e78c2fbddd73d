//! Threads that are kept in memory.

use easel_protocol::event::Event;
use easel_protocol::image::{ImageListParams, ImageReadParams};
use easel_protocol::method::{
    ImageList, ImageRead, ThreadArchive, ThreadDelete, ThreadItemsList, ThreadList, ThreadLoadedList, ThreadNameSet,
    ThreadRead, ThreadResume, ThreadUnsubscribe,
};
use easel_protocol::thread::{
    Thread, ThreadArchiveParams, ThreadDeleteParams, ThreadForkParams, ThreadListParams, ThreadLoadedListParams,
    ThreadSetNameParams, ThreadStartParams, ThreadUnsubscribeParams,
};

use super::forks::{fork, fork_of};
use super::{items_of, resume, whole};
use crate::harness::events::image;
use crate::harness::pictures::read;
use crate::harness::{Place, Server, text};
use crate::storage::below;

const SECRET: &str = "a quite singular otter";

async fn ephemeral(server: &mut Server) -> Thread {
    let thread = server.thread_with(ThreadStartParams { ephemeral: Some(true), ..Default::default() }).await;
    assert!(thread.ephemeral);
    thread
}

async fn listed(server: &mut Server) -> Vec<String> {
    server.ok::<ThreadList>(&ThreadListParams::default()).await.data.into_iter().map(|thread| thread.id).collect()
}

#[tokio::test]
async fn an_ephemeral_thread_is_a_whole_thread_while_it_lives() {
    let place = Place::new();
    let mut server = place.server().await;
    let thread = ephemeral(&mut server).await;
    let drawn = image(&server.turn(&thread.id, vec![text("draw a red square")]).await).images[0].clone();
    let edited = image(&server.turn(&thread.id, vec![text("make it blue")]).await).images[0].clone();
    assert_eq!(edited.inputs[0].id.as_ref(), Some(&drawn.id));
    let wish = ThreadSetNameParams { thread_id: thread.id.clone(), name: "Squares".to_owned() };
    server.ok::<ThreadNameSet>(&wish).await;
    server.event_where("thread/name/updated", |event| matches!(event, Event::ThreadNameUpdated(_))).await;
    let seen = server.ok::<ThreadRead>(&whole(&thread.id)).await.thread;
    assert_eq!((seen.turns.len(), seen.name.as_deref(), seen.ephemeral), (2, Some("Squares"), true));
    assert!(!server.ok::<ThreadItemsList>(&items_of(&thread.id)).await.data.is_empty());
    assert_eq!(server.ok::<ThreadLoadedList>(&ThreadLoadedListParams::default()).await.data, [&*thread.id]);
    assert!(listed(&mut server).await.is_empty());
    let wish = ImageListParams { thread_id: Some(thread.id.clone()), ..ImageListParams::default() };
    assert_eq!(server.ok::<ImageList>(&wish).await.data.len(), 2);
    let refusal = server.refused::<ThreadArchive>(&ThreadArchiveParams { thread_id: thread.id.clone() }).await;
    assert_eq!(refusal, format!("-32600 thread {} is ephemeral and cannot be archived", thread.id));
    server.close().await;
}

/// What was paid for outlives the conversation: the image, and the record of what was asked for.
#[tokio::test]
async fn an_ephemeral_thread_ends_with_its_last_listener_and_its_images_stay() {
    let place = Place::new();
    let mut server = place.server().await;
    let thread = ephemeral(&mut server).await;
    let drawn = image(&server.turn(&thread.id, vec![text("draw a red square")]).await).images[0].clone();
    server.ok::<ThreadUnsubscribe>(&ThreadUnsubscribeParams { thread_id: thread.id.clone() }).await;
    server.event_where("thread/closed", |event| matches!(event, Event::ThreadClosed(_))).await;
    let refusal = server.refused::<ThreadResume>(&resume(&thread.id)).await;
    assert_eq!(refusal, format!("-32600 thread {} not found", thread.id));
    let wish = ImageReadParams { image_id: drawn.id, offset: None, length: None };
    let found = server.ok::<ImageRead>(&wish).await;
    assert!(!read(&found.entry.image.path).is_empty());
    server.close().await;
}

#[tokio::test]
async fn the_words_of_an_ephemeral_thread_are_nowhere_on_the_disk() {
    let place = Place::with_config("[features]\nimage_generation = false\n");
    let mut server = place.server().await;
    let thread = ephemeral(&mut server).await;
    server.turn(&thread.id, vec![text(SECRET)]).await;
    assert!(server.ok::<ThreadRead>(&whole(&thread.id)).await.thread.preview.contains(SECRET));
    for path in below(&place.home()).into_iter().filter(|path| path.is_file()) {
        let bytes = read(&path);
        let holds = bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
        assert!(!holds, "{}", path.display());
    }
    server.close().await;
    let mut server = place.server().await;
    assert!(listed(&mut server).await.is_empty());
    server.close().await;
}

#[tokio::test]
async fn forks_lead_from_disk_to_memory_and_back() {
    let place = Place::new();
    let mut server = place.server().await;
    let kept = server.thread().await;
    let drawn = image(&server.turn(&kept.id, vec![text("draw a red square")]).await).images[0].clone();
    let fleeting = fork(&mut server, &ThreadForkParams { ephemeral: Some(true), ..fork_of(&kept.id) }).await;
    assert!(fleeting.ephemeral);
    let edited = image(&server.turn(&fleeting.id, vec![text("make it blue")]).await).images[0].clone();
    assert_eq!(edited.inputs[0].id.as_ref(), Some(&drawn.id));
    let back = fork(&mut server, &fork_of(&fleeting.id)).await;
    assert_eq!((back.ephemeral, back.turns.len()), (false, 2));
    let mut wanted = vec![kept.id.clone(), back.id.clone()];
    let mut found = listed(&mut server).await;
    wanted.sort();
    found.sort();
    assert_eq!(found, wanted);
    server.ok::<ThreadDelete>(&ThreadDeleteParams { thread_id: fleeting.id.clone() }).await;
    server.event_where("thread/deleted", |event| matches!(event, Event::ThreadDeleted(_))).await;
    server.close().await;

    let mut server = place.server().await;
    server.ok::<ThreadResume>(&resume(&back.id)).await;
    let again = image(&server.turn(&back.id, vec![text("make it green")]).await).images[0].clone();
    let inputs: Vec<_> = again.inputs.into_iter().map(|input| input.id).collect();
    assert_eq!(inputs, [Some(drawn.id), Some(edited.id)]);
    server.close().await;
}
