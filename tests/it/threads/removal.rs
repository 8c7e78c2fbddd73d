//! Deleted threads and reverted turns.

use std::path::Path;

use easel_protocol::event::Event;
use easel_protocol::image::ImageListParams;
use easel_protocol::method::{
    ImageList, ThreadDelete, ThreadItemsList, ThreadList, ThreadRead, ThreadResume, ThreadRevert, ThreadRollback,
    ThreadTurnsList, ThreadUnsubscribe,
};
use easel_protocol::thread::{
    SortDirection, ThreadDeleteParams, ThreadItemsListParams, ThreadListParams, ThreadRevertParams,
    ThreadRollbackParams, ThreadTurnsListParams, ThreadUnsubscribeParams,
};
use easel_protocol::turn::TurnStatus;

use super::forks::{fork, fork_params};
use super::{items_list_params, read_params, resume_params, turns_list_params};
use crate::harness::events::{completed_image, completed_turn, is_image_start};
use crate::harness::{SLOW_AND_FREE, Sandbox, Server, text};

async fn delete(server: &mut Server, thread_id: &str) {
    server.request::<ThreadDelete>(&ThreadDeleteParams { thread_id: thread_id.into() }).await;
    let event = server.expect_event("thread/deleted", |event| matches!(event, Event::ThreadDeleted(_))).await;
    let Event::ThreadDeleted(deleted) = event else { panic!("{event:#?}") };
    assert_eq!(deleted.thread_id, thread_id);
}

async fn reverted(server: &mut Server, thread_id: &str) {
    let event = server.expect_event("thread/reverted", |event| matches!(event, Event::ThreadReverted(_))).await;
    let Event::ThreadReverted(reverted) = event else { panic!("{event:#?}") };
    assert_eq!(reverted.thread_id, thread_id);
}

fn revert(thread_id: &str, turn_id: &str) -> ThreadRevertParams {
    ThreadRevertParams { thread_id: thread_id.into(), before_turn_id: turn_id.into() }
}

#[tokio::test]
async fn deleted_thread_is_removed_with_its_files() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let generated =
        completed_image(&server.run_turn(&thread.id, vec![text("draw a red square")]).await).images[0].clone();
    delete(&mut server, &thread.id).await;
    assert!(!Path::new(&generated.path).exists());
    assert!(server.request::<ThreadList>(&ThreadListParams::default()).await.data.is_empty());
    assert!(server.request::<ImageList>(&ImageListParams::default()).await.data.is_empty());
    let gone = format!("-32600 thread {} not found", thread.id);
    assert_eq!(server.request_error::<ThreadRead>(&read_params(&thread.id)).await, gone);
    assert_eq!(server.request_error::<ThreadResume>(&resume_params(&thread.id)).await, gone);
    assert_eq!(server.request_error::<ThreadDelete>(&ThreadDeleteParams { thread_id: thread.id }).await, gone);
    server.close().await;
}

#[tokio::test]
async fn fork_outlives_its_source_thread() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let generated =
        completed_image(&server.run_turn(&thread.id, vec![text("draw a red square")]).await).images[0].clone();
    let copy = fork(&mut server, &fork_params(&thread.id)).await;
    delete(&mut server, &thread.id).await;
    server.close().await;

    let mut server = sandbox.start_server().await;
    server.request::<ThreadResume>(&resume_params(&copy.id)).await;
    let edited = completed_image(&server.run_turn(&copy.id, vec![text("make it blue")]).await).images[0].clone();
    assert_eq!(edited.inputs[0].id.as_ref(), Some(&generated.id));
    let known = server.request::<ImageList>(&ImageListParams::default()).await.data;
    let known: Vec<_> = known.into_iter().map(|entry| (entry.thread_id, entry.image.id)).collect();
    assert_eq!(known, [(copy.id.clone(), edited.id), (copy.id.clone(), generated.id)]);
    delete(&mut server, &copy.id).await;
    assert!(!Path::new(&generated.path).exists() && !Path::new(&edited.path).exists());
    server.close().await;
}

#[tokio::test]
async fn deleting_a_thread_ends_its_turn_first() {
    let sandbox = Sandbox::with_config(SLOW_AND_FREE);
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    server.start_turn(&thread.id, vec![text("draw a red square")]).await;
    server.events_until(is_image_start).await;
    server.request::<ThreadDelete>(&ThreadDeleteParams { thread_id: thread.id.clone() }).await;
    let events = server.events_until_turn_end().await;
    assert_eq!(completed_turn(&events).status, TurnStatus::Interrupted);
    server.expect_event("thread/deleted", |event| matches!(event, Event::ThreadDeleted(_))).await;
    server.close().await;
}

#[tokio::test]
async fn thread_of_another_process_cannot_be_deleted_or_reverted() {
    let sandbox = Sandbox::new();
    let (mut one, mut two) = (sandbox.start_server().await, sandbox.start_server().await);
    let thread = one.start_thread().await;
    let turn = completed_turn(&one.run_turn(&thread.id, vec![text("draw a red square")]).await).id.clone();
    let in_use = format!(
        "-32600 thread {} is in use by another Easel, process {}",
        thread.id,
        one.client.pid().expect("the process runs")
    );
    let params = ThreadDeleteParams { thread_id: thread.id.clone() };
    assert_eq!(two.request_error::<ThreadDelete>(&params).await, in_use);
    assert_eq!(two.request_error::<ThreadRevert>(&revert(&thread.id, &turn)).await, in_use);
    one.request::<ThreadUnsubscribe>(&ThreadUnsubscribeParams { thread_id: thread.id.clone() }).await;
    one.expect_event("thread/closed", |event| event.method() == "thread/closed").await;
    delete(&mut two, &thread.id).await;
    one.close().await;
    two.close().await;
}

/// The images were paid for and are kept, but the model no longer sees them as the latest.
#[tokio::test]
async fn reverted_turns_leave_history_but_keep_images() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let first = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    let second = server.run_turn(&thread.id, vec![text("draw a blue circle")]).await;
    let third = server.run_turn(&thread.id, vec![text("draw a green line")]).await;

    let response = server.request::<ThreadRevert>(&revert(&thread.id, &completed_turn(&second).id)).await;
    reverted(&mut server, &thread.id).await;
    assert!(response.thread.turns.is_empty());
    let back = ThreadTurnsListParams {
        cursor: response.turns_backwards_cursor,
        sort_direction: Some(SortDirection::Desc),
        ..turns_list_params(&thread.id)
    };
    let turns = server.request::<ThreadTurnsList>(&back).await.data;
    assert_eq!(turns.iter().map(|turn| &turn.id).collect::<Vec<_>>(), [&completed_turn(&first).id]);
    let back = ThreadItemsListParams {
        cursor: response.items_backwards_cursor,
        sort_direction: Some(SortDirection::Desc),
        ..items_list_params(&thread.id)
    };
    assert!(
        server
            .request::<ThreadItemsList>(&back)
            .await
            .data
            .iter()
            .all(|entry| entry.turn_id == completed_turn(&first).id)
    );

    let known = server.request::<ImageList>(&ImageListParams::default()).await.data;
    assert_eq!(known.len(), 3);
    assert!(Path::new(&completed_image(&third).images[0].path).exists());
    let edited = completed_image(&server.run_turn(&thread.id, vec![text("make it yellow")]).await).images[0].clone();
    assert_eq!(edited.inputs.len(), 1);
    assert_eq!(edited.inputs[0].id, Some(completed_image(&first).images[0].id.clone()));
    server.close().await;

    let mut server = sandbox.start_server().await;
    server.request::<ThreadResume>(&resume_params(&thread.id)).await;
    let edited = completed_image(&server.run_turn(&thread.id, vec![text("make it grey")]).await).images[0].clone();
    assert!(edited.inputs.iter().all(|input| input.id != Some(completed_image(&third).images[0].id.clone())));
    server.close().await;
}

#[tokio::test]
async fn rollback_reverts_at_most_all_turns() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let first = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    server.run_turn(&thread.id, vec![text("draw a blue circle")]).await;
    let roll = |num_turns| ThreadRollbackParams { thread_id: thread.id.clone(), num_turns };
    let left = server.request::<ThreadRollback>(&roll(1)).await.thread;
    reverted(&mut server, &thread.id).await;
    assert_eq!(left.turns.iter().map(|turn| &turn.id).collect::<Vec<_>>(), [&completed_turn(&first).id]);
    let left = server.request::<ThreadRollback>(&roll(7)).await.thread;
    reverted(&mut server, &thread.id).await;
    assert_eq!((left.turns.len(), left.preview.as_str()), (0, ""));
    assert_eq!(
        server.request_error::<ThreadRollback>(&roll(0)).await,
        "-32602 Invalid params: `numTurns`: must be at least 1"
    );
    server.run_turn(&thread.id, vec![text("draw a fox")]).await;
    assert_eq!(server.request::<ThreadRead>(&read_params(&thread.id)).await.thread.preview, "draw a fox");
    server.close().await;
}

#[tokio::test]
async fn revert_is_refused_during_turns_and_for_unknown_turns() {
    let sandbox = Sandbox::with_config(SLOW_AND_FREE);
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let params = revert(&thread.id, "nothing");
    let refusal = server.request_error::<ThreadRevert>(&params).await;
    assert_eq!(refusal, format!("-32600 thread {} has no turn nothing", thread.id));
    let turn = server.start_turn(&thread.id, vec![text("draw a red square")]).await;
    server.events_until(is_image_start).await;
    let running = format!("-32600 turn {} is still running", turn.id);
    assert_eq!(server.request_error::<ThreadRevert>(&revert(&thread.id, &turn.id)).await, running);
    let roll = ThreadRollbackParams { thread_id: thread.id.clone(), num_turns: 1 };
    assert_eq!(server.request_error::<ThreadRollback>(&roll).await, running);
    server.interrupt(&thread.id, &turn.id).await;
    server.events_until_turn_end().await;
    server.close().await;
}

#[tokio::test]
async fn delete_is_answered_before_the_turn_ends() {
    let sandbox = Sandbox::with_config(SLOW_AND_FREE);
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    server.start_turn(&thread.id, vec![text("draw a cat")]).await;
    server.events_until(is_image_start).await;
    let before = server.transcript().len();
    server.request::<ThreadDelete>(&ThreadDeleteParams { thread_id: thread.id.clone() }).await;
    let events = server.events_until(|event| matches!(event, Event::ThreadDeleted(_))).await;
    assert!(events.iter().any(|event| matches!(event, Event::TurnCompleted(_))), "{events:#?}");
    let lines: Vec<String> = server.transcript().split_off(before).into_iter().map(|(_, line)| line).collect();
    let place_of = |words: &str| lines.iter().position(|line| line.contains(words)).expect(words);
    assert!(place_of("\"result\"") < place_of("item/completed"), "{lines:#?}");
    assert!(place_of("turn/completed") < place_of("thread/deleted"), "{lines:#?}");
    server.close().await;
}
