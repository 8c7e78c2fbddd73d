//! Threads that begin as copies: what they share, and what each has alone.

use easel_protocol::event::Event;
use easel_protocol::image::{ImageListParams, ImageReadParams};
use easel_protocol::method::{ImageList, ImageRead, ThreadFork, ThreadRead, ThreadResume, ThreadTurnsList};
use easel_protocol::thread::{Thread, ThreadForkParams, ThreadStatus};

use super::{resume, turns_of, whole};
use crate::harness::events::{end, image, starts_an_image};
use crate::harness::{HOSTED, Place, SLOW_AND_FREE, STANDALONE, Server, text};
use crate::storage::below;

pub(crate) fn fork_of(thread_id: &str) -> ThreadForkParams {
    ThreadForkParams {
        thread_id: thread_id.to_owned(),
        last_turn_id: None,
        cwd: None,
        model: None,
        model_provider: None,
        config: None,
        base_instructions: None,
        developer_instructions: None,
        ephemeral: None,
        exclude_turns: None,
        experimental_raw_events: None,
    }
}

/// Forks, and takes the events that follow the answer.
pub(crate) async fn fork(server: &mut Server, wish: &ThreadForkParams) -> Thread {
    let answer = server.ok::<ThreadFork>(wish).await;
    let events = server.events_until(|event| matches!(event, Event::ThreadStarted(_))).await;
    let Some(Event::ThreadStarted(started)) = events.last() else { panic!("{events:#?}") };
    assert_eq!(started.thread, Thread { turns: Vec::new(), ..answer.thread.clone() });
    let used = events.iter().find_map(|event| {
        if let Event::ThreadTokenUsageUpdated(used) = event { Some((&used.thread_id, &used.turn_id)) } else { None }
    });
    assert_eq!(used.is_some(), !answer.thread.turns.is_empty() || wish.exclude_turns == Some(true));
    if let (Some((thread_id, turn_id)), Some(last)) = (used, answer.thread.turns.last()) {
        assert_eq!((thread_id, turn_id), (&answer.thread.id, &last.id));
    }
    answer.thread
}

fn images_of(thread_id: &str) -> ImageListParams {
    ImageListParams { thread_id: Some(thread_id.to_owned()), ..ImageListParams::default() }
}

fn picture_files(place: &Place) -> usize {
    below(&place.home()).into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "png")).count()
}

#[tokio::test]
async fn a_fork_has_the_history_and_the_images_of_its_thread_and_goes_on_alone() {
    for tool in [STANDALONE, HOSTED] {
        let place = Place::new();
        let mut server = place.server_with(tool).await;
        let thread = server.thread().await;
        let drawn = image(&server.turn(&thread.id, vec![text("draw a red square")]).await).images[0].clone();
        let before = server.ok::<ThreadRead>(&whole(&thread.id)).await.thread;

        let copy = fork(&mut server, &fork_of(&thread.id)).await;
        assert_eq!((copy.forked_from_id.as_deref(), copy.preview.as_str()), (Some(&*thread.id), &*before.preview));
        assert_eq!((&copy.session_id, &copy.status), (&copy.id, &ThreadStatus::Idle {}));
        assert_eq!(copy.turns, before.turns);
        assert_eq!(picture_files(&place), 1, "no bytes are copied");

        let edited = image(&server.turn(&copy.id, vec![text("make it blue")]).await).images[0].clone();
        assert_eq!(edited.inputs[0].id.as_ref(), Some(&drawn.id), "{tool:?}");
        let handles = async |server: &mut Server, wish: &ImageListParams| -> Vec<String> {
            server.ok::<ImageList>(wish).await.data.into_iter().map(|entry| entry.image.id).collect()
        };
        assert_eq!(handles(&mut server, &images_of(&copy.id)).await, [edited.id.clone(), drawn.id.clone()]);
        assert_eq!(handles(&mut server, &images_of(&thread.id)).await, [&*drawn.id]);
        assert_eq!(handles(&mut server, &ImageListParams::default()).await, [edited.id.clone(), drawn.id.clone()]);
        let whose = server.ok::<ImageRead>(&ImageReadParams { image_id: drawn.id, offset: None, length: None }).await;
        assert_eq!(whose.entry.thread_id, thread.id);

        let after = server.ok::<ThreadRead>(&whole(&thread.id)).await.thread;
        assert_eq!(after.turns, before.turns);
        let refused = server.turn(&thread.id, vec![text(&format!("edit {} to be green", edited.id))]).await;
        assert!(
            image(&refused)
                .images
                .iter()
                .flat_map(|image| &image.inputs)
                .all(|input| input.id != Some(edited.id.clone()))
        );
        server.close().await;
    }
}

#[tokio::test]
async fn a_fork_up_to_a_turn_knows_nothing_of_the_later_ones() {
    let place = Place::new();
    let mut server = place.server().await;
    let thread = server.thread().await;
    let first = server.turn(&thread.id, vec![text("draw a red square")]).await;
    let second = server.turn(&thread.id, vec![text("draw a blue circle")]).await;
    let wish = ThreadForkParams { last_turn_id: Some(end(&first).id.clone()), ..fork_of(&thread.id) };
    let copy = fork(&mut server, &wish).await;
    assert_eq!(copy.turns.iter().map(|turn| &turn.id).collect::<Vec<_>>(), [&end(&first).id]);
    let used = |events: &[Event]| {
        events.iter().rev().find_map(|event| {
            if let Event::ThreadTokenUsageUpdated(used) = event { Some(used.token_usage.total) } else { None }
        })
    };
    let edited = server.turn(&copy.id, vec![text("make it green")]).await;
    assert_eq!(image(&edited).images[0].inputs[0].id, Some(image(&first).images[0].id.clone()));
    let total = |events: &[Event]| used(events).map(|usage| usage.total_tokens);
    assert!(total(&edited) > total(&first));
    let known: Vec<_> = server.ok::<ImageList>(&images_of(&copy.id)).await.data;
    assert!(known.iter().all(|entry| entry.image.id != image(&second).images[0].id));
    server.close().await;
}

#[tokio::test]
async fn a_fork_takes_changes_and_leaves_turns_out_when_asked() {
    let place = Place::new();
    let mut server = place.server().await;
    let thread = server.thread().await;
    server.turn(&thread.id, vec![text("draw a red square")]).await;
    let elsewhere = place.root().display().to_string();
    let wish = ThreadForkParams {
        cwd: Some(elsewhere.clone()),
        model: Some("another".to_owned()),
        exclude_turns: Some(true),
        ..fork_of(&thread.id)
    };
    let copy = fork(&mut server, &wish).await;
    assert_eq!((&copy.cwd, copy.model.as_deref()), (&elsewhere, Some("another")));
    assert!(copy.turns.is_empty());
    assert_eq!(server.ok::<ThreadTurnsList>(&turns_of(&copy.id)).await.data.len(), 1);
    server.close().await;
    let mut server = place.server().await;
    let resumed = server.ok::<ThreadResume>(&resume(&copy.id)).await;
    assert_eq!((resumed.thread.forked_from_id, resumed.thread.turns.len()), (Some(thread.id), 1));
    server.close().await;
}

#[tokio::test]
async fn a_turn_that_runs_is_not_in_the_fork() {
    let place = Place::with_config(SLOW_AND_FREE);
    let mut server = place.server().await;
    let thread = server.thread().await;
    let turn = server.start_turn(&thread.id, vec![text("draw a red square")]).await;
    server.events_until(starts_an_image).await;
    let wish = ThreadForkParams { last_turn_id: Some(turn.id.clone()), ..fork_of(&thread.id) };
    let refusal = server.refused::<ThreadFork>(&wish).await;
    assert_eq!(refusal, format!("-32600 turn {} is still running", turn.id));
    let wish = ThreadForkParams { last_turn_id: Some("nothing".to_owned()), ..fork_of(&thread.id) };
    let refusal = server.refused::<ThreadFork>(&wish).await;
    assert_eq!(refusal, format!("-32600 thread {} has no turn nothing", thread.id));
    let copy = server.ok::<ThreadFork>(&fork_of(&thread.id)).await.thread;
    assert!(copy.turns.is_empty());
    server.event_where("thread/started", |event| matches!(event, Event::ThreadStarted(_))).await;
    server.raw("turn/interrupt", &serde_json::json!({"threadId": thread.id, "turnId": turn.id})).await.expect("an end");
    server.rest_of_turn().await;
    server.close().await;
}

/// Reading is enough to fork, so the thread may be another process's.
#[tokio::test]
async fn a_thread_of_another_process_can_be_forked() {
    let place = Place::new();
    let (mut one, mut two) = (place.server().await, place.server().await);
    let thread = one.thread().await;
    one.turn(&thread.id, vec![text("draw a red square")]).await;
    let copy = fork(&mut two, &fork_of(&thread.id)).await;
    let (in_one, in_two) =
        tokio::join!(one.turn(&thread.id, vec![text("make it blue")]), two.turn(&copy.id, vec![text("make it green")]));
    assert_eq!(image(&in_one).images[0].inputs, image(&in_two).images[0].inputs);
    let refusal = one.refused::<ThreadResume>(&resume(&copy.id)).await;
    assert!(refusal.contains("is in use by another Easel"), "{refusal}");
    one.close().await;
    two.close().await;
}
