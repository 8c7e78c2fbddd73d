//! Forks of threads: what they share with the source, and what they do not.

use easel_protocol::event::Event;
use easel_protocol::id::ImageId;
use easel_protocol::image::{ImageListParams, ImageReadParams};
use easel_protocol::method::{ImageList, ImageRead, ThreadFork, ThreadRead, ThreadResume, ThreadTurnsList};
use easel_protocol::thread::{Thread, ThreadForkParams, ThreadStatus};

use super::{read_params, resume_params, turns_list_params};
use crate::harness::events::{completed_image, completed_turn, is_image_start};
use crate::harness::{HOSTED, SLOW_AND_FREE, STANDALONE, Sandbox, Server, text};
use crate::storage::list_recursively;

pub(crate) fn fork_params(thread_id: &str) -> ThreadForkParams {
    ThreadForkParams {
        thread_id: thread_id.into(),
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

/// Forks a thread and reads the events that follow the response.
pub(crate) async fn fork(server: &mut Server, params: &ThreadForkParams) -> Thread {
    let response = server.request::<ThreadFork>(params).await;
    let events = server.events_until(|event| matches!(event, Event::ThreadStarted(_))).await;
    let Some(Event::ThreadStarted(started)) = events.last() else { panic!("{events:#?}") };
    assert_eq!(started.thread, Thread { turns: Vec::new(), ..response.thread.clone() });
    let used = events.iter().find_map(|event| {
        if let Event::ThreadTokenUsageUpdated(used) = event { Some((&used.thread_id, &used.turn_id)) } else { None }
    });
    assert_eq!(used.is_some(), !response.thread.turns.is_empty() || params.exclude_turns == Some(true));
    if let (Some((thread_id, turn_id)), Some(last)) = (used, response.thread.turns.last()) {
        assert_eq!((thread_id, turn_id), (&response.thread.id, &last.id));
    }
    response.thread
}

fn image_list_params(thread_id: &str) -> ImageListParams {
    ImageListParams { thread_id: Some(thread_id.into()), ..ImageListParams::default() }
}

fn count_image_files(sandbox: &Sandbox) -> usize {
    list_recursively(&sandbox.home())
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "png"))
        .count()
}

#[tokio::test]
async fn fork_copies_history_and_images_and_diverges() {
    for tool in [STANDALONE, HOSTED] {
        let sandbox = Sandbox::new();
        let mut server = sandbox.start_server_with(tool).await;
        let thread = server.start_thread().await;
        let generated =
            completed_image(&server.run_turn(&thread.id, vec![text("draw a red square")]).await).images[0].clone();
        let before = server.request::<ThreadRead>(&read_params(&thread.id)).await.thread;

        let copy = fork(&mut server, &fork_params(&thread.id)).await;
        assert_eq!((copy.forked_from_id.as_deref(), copy.preview.as_str()), (Some(&*thread.id), &*before.preview));
        assert_eq!((&copy.session_id, &copy.status), (&copy.id, &ThreadStatus::Idle {}));
        assert_eq!(copy.turns, before.turns);
        assert_eq!(count_image_files(&sandbox), 1, "no bytes are copied");

        let edited = completed_image(&server.run_turn(&copy.id, vec![text("make it blue")]).await).images[0].clone();
        assert_eq!(edited.inputs[0].id.as_ref(), Some(&generated.id), "{tool:?}");
        let handles = async |server: &mut Server, params: &ImageListParams| -> Vec<ImageId> {
            server.request::<ImageList>(params).await.data.into_iter().map(|entry| entry.image.id).collect()
        };
        assert_eq!(handles(&mut server, &image_list_params(&copy.id)).await, [edited.id.clone(), generated.id.clone()]);
        assert_eq!(handles(&mut server, &image_list_params(&thread.id)).await, [&*generated.id]);
        assert_eq!(handles(&mut server, &ImageListParams::default()).await, [edited.id.clone(), generated.id.clone()]);
        let owner = server
            .request::<ImageRead>(&ImageReadParams { image_id: generated.id, ..ImageReadParams::default() })
            .await;
        assert_eq!(owner.entry.thread_id, thread.id);

        let after = server.request::<ThreadRead>(&read_params(&thread.id)).await.thread;
        assert_eq!(after.turns, before.turns);
        let refused = server.run_turn(&thread.id, vec![text(&format!("edit {} to be green", edited.id))]).await;
        assert!(
            completed_image(&refused)
                .images
                .iter()
                .flat_map(|image| &image.inputs)
                .all(|input| input.id != Some(edited.id.clone()))
        );
        server.close().await;
    }
}

#[tokio::test]
async fn fork_up_to_a_turn_omits_later_turns() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let first = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    let second = server.run_turn(&thread.id, vec![text("draw a blue circle")]).await;
    let params = ThreadForkParams { last_turn_id: Some(completed_turn(&first).id.clone()), ..fork_params(&thread.id) };
    let copy = fork(&mut server, &params).await;
    assert_eq!(copy.turns.iter().map(|turn| &turn.id).collect::<Vec<_>>(), [&completed_turn(&first).id]);
    let used = |events: &[Event]| {
        events.iter().rev().find_map(|event| {
            if let Event::ThreadTokenUsageUpdated(used) = event { Some(used.token_usage.total) } else { None }
        })
    };
    let edited = server.run_turn(&copy.id, vec![text("make it green")]).await;
    assert_eq!(completed_image(&edited).images[0].inputs[0].id, Some(completed_image(&first).images[0].id.clone()));
    let total = |events: &[Event]| used(events).map(|usage| usage.total_tokens);
    assert!(total(&edited) > total(&first));
    let known: Vec<_> = server.request::<ImageList>(&image_list_params(&copy.id)).await.data;
    assert!(known.iter().all(|entry| entry.image.id != completed_image(&second).images[0].id));
    server.close().await;
}

#[tokio::test]
async fn fork_applies_changes_and_can_exclude_turns() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    let elsewhere = sandbox.root().display().to_string();
    let params = ThreadForkParams {
        cwd: Some(elsewhere.clone()),
        model: Some("another".to_owned()),
        exclude_turns: Some(true),
        ..fork_params(&thread.id)
    };
    let copy = fork(&mut server, &params).await;
    assert_eq!((&copy.cwd, copy.model.as_deref()), (&elsewhere, Some("another")));
    assert!(copy.turns.is_empty());
    assert_eq!(server.request::<ThreadTurnsList>(&turns_list_params(&copy.id)).await.data.len(), 1);
    server.close().await;
    let mut server = sandbox.start_server().await;
    let resumed = server.request::<ThreadResume>(&resume_params(&copy.id)).await;
    assert_eq!((resumed.settings.thread.forked_from_id, resumed.settings.thread.turns.len()), (Some(thread.id), 1));
    server.close().await;
}

#[tokio::test]
async fn fork_with_another_provider_takes_its_model() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    assert_eq!(thread.model.as_deref(), Some("preview-1"));
    let of_openai = ThreadForkParams { model_provider: Some("openai".to_owned()), ..fork_params(&thread.id) };
    let copy = fork(&mut server, &of_openai).await;
    assert_eq!(copy.model_provider, "openai");
    assert!(copy.model.as_deref().is_some_and(|model| model.starts_with("gpt-")), "{:?}", copy.model);
    let with_model = ThreadForkParams { model: Some("another".to_owned()), ..of_openai };
    assert_eq!(fork(&mut server, &with_model).await.model.as_deref(), Some("another"));
    server.close().await;
}

#[tokio::test]
async fn running_turn_is_not_forked() {
    let sandbox = Sandbox::with_config(SLOW_AND_FREE);
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let turn = server.start_turn(&thread.id, vec![text("draw a red square")]).await;
    server.events_until(is_image_start).await;
    let params = ThreadForkParams { last_turn_id: Some(turn.id.clone()), ..fork_params(&thread.id) };
    let refusal = server.request_error::<ThreadFork>(&params).await;
    assert_eq!(refusal, format!("-32600 turn {} is still running", turn.id));
    let params = ThreadForkParams { last_turn_id: Some("nothing".into()), ..fork_params(&thread.id) };
    let refusal = server.request_error::<ThreadFork>(&params).await;
    assert_eq!(refusal, format!("-32600 thread {} has no turn nothing", thread.id));
    let copy = server.request::<ThreadFork>(&fork_params(&thread.id)).await.thread;
    assert!(copy.turns.is_empty());
    server.expect_event("thread/started", |event| matches!(event, Event::ThreadStarted(_))).await;
    server.interrupt(&thread.id, &turn.id).await;
    server.events_until_turn_end().await;
    server.close().await;
}

/// A fork only reads the source, so another process may have it loaded.
#[tokio::test]
async fn a_thread_of_another_process_can_be_forked() {
    let sandbox = Sandbox::new();
    let (mut one, mut two) = (sandbox.start_server().await, sandbox.start_server().await);
    let thread = one.start_thread().await;
    one.run_turn(&thread.id, vec![text("draw a red square")]).await;
    let copy = fork(&mut two, &fork_params(&thread.id)).await;
    let (in_one, in_two) = tokio::join!(
        one.run_turn(&thread.id, vec![text("make it blue")]),
        two.run_turn(&copy.id, vec![text("make it green")])
    );
    assert_eq!(completed_image(&in_one).images[0].inputs, completed_image(&in_two).images[0].inputs);
    let refusal = one.request_error::<ThreadResume>(&resume_params(&copy.id)).await;
    assert!(refusal.contains("is in use by another Easel"), "{refusal}");
    one.close().await;
    two.close().await;
}
