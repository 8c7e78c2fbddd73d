//! The life of a thread from start to archive.

use easel_protocol::event::Event;
use easel_protocol::id::ThreadId;
use easel_protocol::method::{
    ThreadArchive, ThreadItemsList, ThreadList, ThreadLoadedList, ThreadNameSet, ThreadRead, ThreadResume, ThreadStart,
    ThreadUnarchive, ThreadUnsubscribe, ToolList, TurnStart,
};
use easel_protocol::thread::{
    ThreadArchiveParams, ThreadListParams, ThreadLoadedListParams, ThreadResumeParams, ThreadSetNameParams,
    ThreadStartParams, ThreadStatus, ThreadUnarchiveParams, ThreadUnsubscribeParams, UnsubscribeStatus,
};
use easel_protocol::tool::{ToolExposure, ToolListParams};
use serde_json::json;

use super::{items_list_params, read_params, resume_params};
use crate::harness::events::{completed_image, is_image_start};
use crate::harness::normalize::normalize;
use crate::harness::{SLOW_AND_FREE, Sandbox, Server, text, turn_start_params};

fn unsubscribe(thread_id: &str) -> ThreadUnsubscribeParams {
    ThreadUnsubscribeParams { thread_id: thread_id.into() }
}

async fn list_thread_ids(server: &mut Server, archived: bool) -> Vec<ThreadId> {
    let params = ThreadListParams { archived: Some(archived), ..ThreadListParams::default() };
    server.request::<ThreadList>(&params).await.data.into_iter().map(|thread| thread.id).collect()
}

async fn list_loaded(server: &mut Server) -> Vec<ThreadId> {
    server.request::<ThreadLoadedList>(&ThreadLoadedListParams::default()).await.data
}

async fn read_status(server: &mut Server, thread_id: &str) -> ThreadStatus {
    server.request::<ThreadRead>(&read_params(thread_id)).await.thread.status
}

#[tokio::test]
async fn new_thread_has_every_field() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let response = server.request::<ThreadStart>(&ThreadStartParams::default()).await;
    let event = server.expect_event("thread/started", |event| matches!(event, Event::ThreadStarted(_))).await;
    let Event::ThreadStarted(started) = event else { panic!("{event:#?}") };
    assert_eq!(started.thread, response.thread);
    insta::assert_json_snapshot!("thread_start", normalize(&sandbox, &response));
    server.close().await;
}

#[tokio::test]
async fn last_events_of_a_turn_come_before_the_unloading() {
    let sandbox = Sandbox::with_config("wire.turn_event_delay_ms = 500\n");
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    server.start_turn(&thread.id, vec![text("draw a red square")]).await;
    server.request::<ThreadUnsubscribe>(&unsubscribe(&thread.id)).await;
    server.events_until(|event| matches!(event, Event::ThreadClosed(_))).await;
    server.request::<ThreadResume>(&resume_params(&thread.id)).await;
    let events = server.run_turn(&thread.id, vec![text("draw a blue circle")]).await;
    let starts = events.iter().filter(|event| matches!(event, Event::TurnStarted(_))).count();
    assert_eq!((starts, is_image_start(&events[0])), (1, false), "{events:#?}");
    server.close().await;
}

#[tokio::test]
async fn thread_preview_is_the_start_of_the_first_message() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    server.run_turn(&thread.id, vec![text("draw a red square\non a hill")]).await;
    server.run_turn(&thread.id, vec![text("make it blue")]).await;
    let read = server.request::<ThreadRead>(&read_params(&thread.id)).await.thread;
    assert!(read.preview.starts_with("draw a red square"), "{}", read.preview);
    server.close().await;
}

#[tokio::test]
async fn thread_name_is_trimmed_stored_and_announced() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let params = ThreadSetNameParams { thread_id: thread.id.clone(), name: "  Füchse 🦊 ".to_owned() };
    server.request::<ThreadNameSet>(&params).await;
    let event = server.expect_event("thread/name/updated", |event| matches!(event, Event::ThreadNameUpdated(_))).await;
    let Event::ThreadNameUpdated(updated) = event else { panic!("{event:#?}") };
    assert_eq!((updated.thread_id, updated.thread_name.as_deref()), (thread.id.clone(), Some("Füchse 🦊")));
    server.close().await;
    let mut server = sandbox.start_server().await;
    let named = server.request::<ThreadRead>(&read_params(&thread.id)).await.thread.name;
    assert_eq!(named.as_deref(), Some("Füchse 🦊"));
    server.close().await;
}

#[tokio::test]
async fn thread_status_follows_its_turns() {
    let sandbox = Sandbox::with_config(SLOW_AND_FREE);
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    assert_eq!(read_status(&mut server, &thread.id).await, ThreadStatus::Idle {});
    let turn = server.start_turn(&thread.id, vec![text("draw a red square")]).await;
    server.events_until(is_image_start).await;
    assert_eq!(read_status(&mut server, &thread.id).await, ThreadStatus::Active { active_flags: Vec::new() });
    server.interrupt(&thread.id, &turn.id).await;
    server.events_until_turn_end().await;
    assert_eq!(read_status(&mut server, &thread.id).await, ThreadStatus::Idle {});
    server.request::<ThreadUnsubscribe>(&unsubscribe(&thread.id)).await;
    server.expect_event("thread/closed", |event| matches!(event, Event::ThreadClosed(_))).await;
    assert_eq!(read_status(&mut server, &thread.id).await, ThreadStatus::NotLoaded {});
    server.close().await;
}

#[tokio::test]
async fn archived_thread_is_unlisted_until_unarchived() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let (listed_thread, archived_thread) = (server.start_thread().await, server.start_thread().await);
    let params = ThreadArchiveParams { thread_id: archived_thread.id.clone() };
    server.request::<ThreadArchive>(&params).await;
    server.expect_event("thread/archived", |event| matches!(event, Event::ThreadArchived(_))).await;
    assert_eq!(list_thread_ids(&mut server, false).await, [listed_thread.id.as_str()]);
    assert_eq!(list_thread_ids(&mut server, true).await, [archived_thread.id.as_str()]);
    assert_eq!(list_loaded(&mut server).await, [listed_thread.id.as_str()]);
    let refusal = server.request_error::<TurnStart>(&turn_start_params(&archived_thread.id, vec![text("draw")])).await;
    assert_eq!(refusal, format!("-32600 thread {} is not loaded; call thread/resume first", archived_thread.id));

    let back = server
        .request::<ThreadUnarchive>(&ThreadUnarchiveParams { thread_id: archived_thread.id.clone() })
        .await
        .thread;
    assert_eq!((back.id.as_str(), back.status), (archived_thread.id.as_str(), ThreadStatus::NotLoaded {}));
    server.expect_event("thread/unarchived", |event| matches!(event, Event::ThreadUnarchived(_))).await;
    assert_eq!(list_thread_ids(&mut server, false).await.len(), 2);
    assert!(list_thread_ids(&mut server, true).await.is_empty());
    server.request::<ThreadResume>(&resume_params(&archived_thread.id)).await;
    server.run_turn(&archived_thread.id, vec![text("draw a red square")]).await;
    server.close().await;
}

#[tokio::test]
async fn unsubscribed_thread_closes_and_resumes_completely() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    let left = server.request::<ThreadUnsubscribe>(&unsubscribe(&thread.id)).await.status;
    assert_eq!(left, UnsubscribeStatus::Unsubscribed);
    server.expect_event("thread/closed", |event| matches!(event, Event::ThreadClosed(_))).await;
    assert!(list_loaded(&mut server).await.is_empty());
    let again = server.request::<ThreadUnsubscribe>(&unsubscribe(&thread.id)).await.status;
    assert_eq!(again, UnsubscribeStatus::NotLoaded);
    let resumed = server.request::<ThreadResume>(&resume_params(&thread.id)).await;
    assert_eq!(resumed.settings.thread.turns.len(), 1);
    let without_turns = ThreadResumeParams { exclude_turns: Some(true), ..resume_params(&thread.id) };
    let bare = server.request::<ThreadResume>(&without_turns).await;
    assert!(bare.settings.thread.turns.is_empty());
    assert_eq!(bare.turns_backwards_cursor, resumed.turns_backwards_cursor);
    // A client reads the history from these cursors, the newest entry first.
    let page = json!({ "threadId": thread.id, "cursor": bare.turns_backwards_cursor, "sortDirection": "desc" });
    let turns = server.call("thread/turns/list", &page).await.expect("a page");
    assert_eq!(turns["data"][0]["id"], resumed.settings.thread.turns[0].id.as_str());
    let page = json!({ "threadId": thread.id, "cursor": bare.items_backwards_cursor, "sortDirection": "desc" });
    let items = server.call("thread/items/list", &page).await.expect("a page");
    assert_eq!(items["data"][0]["item"]["type"], "agentMessage");
    assert_eq!(list_loaded(&mut server).await, [thread.id.as_str()]);
    let events = server.run_turn(&thread.id, vec![text("make it blue")]).await;
    assert_eq!(completed_image(&events).images[0].inputs.len(), 1);
    server.close().await;
}

#[tokio::test]
async fn turn_without_subscribers_finishes_and_closes_its_thread() {
    let sandbox = Sandbox::with_config("[wire]\nturn_event_delay_ms = 1000\n");
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    server.start_turn(&thread.id, vec![text("draw a red square")]).await;
    let left = server.request::<ThreadUnsubscribe>(&unsubscribe(&thread.id)).await.status;
    assert_eq!(left, UnsubscribeStatus::Unsubscribed);
    // The end of input would interrupt the turn, so the test waits for its end by requests.
    loop {
        let items = server.request::<ThreadItemsList>(&items_list_params(&thread.id)).await.data;
        if items.len() == 3 && items.iter().all(|entry| entry.completed_at_ms.is_some()) {
            break;
        }
    }
    server.expect_event("thread/closed", |event| matches!(event, Event::ThreadClosed(_))).await;
    assert!(list_loaded(&mut server).await.is_empty());
    server.close().await;
}

#[tokio::test]
async fn turn_can_change_the_folder_and_set_a_message_id() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let mut params = turn_start_params(&thread.id, vec![text("draw a red square")]);
    params.cwd = Some(sandbox.root().display().to_string());
    params.client_user_message_id = Some("mine".to_owned());
    server.request::<TurnStart>(&params).await;
    let events = server.events_until_turn_end().await;
    let events_text = serde_json::to_string(&events).expect("JSON");
    assert!(events_text.contains(r#""clientId":"mine""#), "{events_text}");
    let read = server.request::<ThreadRead>(&read_params(&thread.id)).await.thread;
    assert_eq!(read.cwd, sandbox.root().display().to_string());
    server.close().await;
}

#[tokio::test]
async fn resume_with_changes_applies_unless_a_turn_runs() {
    let sandbox = Sandbox::with_config(SLOW_AND_FREE);
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let off = || {
        let config = serde_json::json!({"features.image_generation": false}).as_object().cloned();
        ThreadResumeParams { config, exclude_turns: Some(true), ..resume_params(&thread.id) }
    };
    let turn = server.start_turn(&thread.id, vec![text("draw a red square")]).await;
    let refusal = server.request_error::<ThreadResume>(&off()).await;
    assert_eq!(refusal, format!("-32600 turn {} is still running", turn.id));
    server.interrupt(&thread.id, &turn.id).await;
    server.events_until_turn_end().await;
    server.request::<ThreadResume>(&off()).await;
    let tools = server.request::<ToolList>(&ToolListParams { thread_id: Some(thread.id.clone()) }).await;
    assert_eq!(tools.exposure, ToolExposure::None);
    server.close().await;
}
