//! Idle threads whose conversations are not in memory. Clients cannot tell the difference.

use std::collections::HashSet;

use easel_protocol::configuration::{ExperimentalFeatureEnablementSetParams, ExperimentalFeatureListParams};
use easel_protocol::event::Event;
use easel_protocol::method::{
    ExperimentalFeatureEnablementSet, ExperimentalFeatureList, ThreadLoadedList, ThreadRead, TurnStart,
};
use easel_protocol::thread::{ThreadLoadedListParams, ThreadStatus};
use rusqlite::Connection;

use super::read_params;
use crate::harness::events::completed_image;
use crate::harness::{STANDALONE, Sandbox, text, turn_start_params};

/// No idle thread keeps its conversation in memory.
const NONE: &[&str] = &["--enable", "imagegenext", "-c", "server.idle_threads=0"];

#[tokio::test]
async fn evicted_conversation_continues() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server_with(NONE).await;
    let (one, two) = (server.start_thread().await, server.start_thread().await);
    let mut hashes = Vec::new();
    for params in ["draw a red square, 64x64", "make it blue", "make it green"] {
        for (at, thread) in [&one, &two].into_iter().enumerate() {
            let generated = completed_image(&server.run_turn(&thread.id, vec![text(params)]).await).images[0].clone();
            let inputs: HashSet<_> = generated.inputs.iter().map(|input| input.sha256.clone()).collect();
            if let Some(before) = hashes.len().checked_sub(2) {
                assert!(inputs.contains(&hashes[before]), "{at}: {inputs:?} of {hashes:?}");
            }
            hashes.push(generated.facts.sha256);
            let loaded = server.request::<ThreadLoadedList>(&ThreadLoadedListParams::default()).await.data;
            assert_eq!(loaded, [one.id.clone(), two.id.clone()]);
            let status = server.request::<ThreadRead>(&read_params(&thread.id)).await.thread.status;
            assert_eq!(status, ThreadStatus::Idle {});
        }
    }
    server.close().await;
}

#[tokio::test]
async fn evicted_thread_is_loaded_for_its_next_turn() {
    let sandbox = Sandbox::new();
    for (arguments, is_read_again) in [(NONE, true), (STANDALONE, false)] {
        let mut server = sandbox.start_server_with(arguments).await;
        let thread = server.start_thread().await;
        server.run_turn(&thread.id, vec![text("hello")]).await;
        // Loading it again fails.
        let database = Connection::open(sandbox.home().join("easel.db")).expect("the database of the home");
        let sql = "UPDATE model_items SET json = 'x' || json WHERE thread_id = ?1";
        assert!(database.execute(sql, [thread.id.as_str()]).expect("rows are changed") > 0);
        let mut refused = false;
        for _ in 0..if is_read_again { 200 } else { 3 } {
            match server.client.request::<TurnStart>(&turn_start_params(&thread.id, vec![text("hello")])).await {
                // It is evicted a moment after its turn.
                Ok(_) => drop(server.events_until_turn_end().await),
                Err(_) => refused = true,
            }
            if refused {
                break;
            }
        }
        assert_eq!(refused, is_read_again);
        server.close().await;
    }
}

#[tokio::test]
async fn feature_switch_reaches_every_loaded_thread() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server_with(NONE).await;
    let (used, fresh) = (server.start_thread().await, server.start_thread().await);
    server.run_turn(&used.id, vec![text("draw a red square, 64x64")]).await;
    let enablement = [("image_generation".to_owned(), false)].into();
    server.request::<ExperimentalFeatureEnablementSet>(&ExperimentalFeatureEnablementSetParams { enablement }).await;
    server.expect_event("tool/list/updated", |event| matches!(event, Event::ToolListUpdated(_))).await;
    for thread in [used, fresh] {
        let params = ExperimentalFeatureListParams { thread_id: Some(thread.id.clone()), ..Default::default() };
        let features = server.request::<ExperimentalFeatureList>(&params).await.data;
        let switch = features.iter().find(|feature| feature.name == "image_generation").expect("the kill switch");
        assert!(!switch.enabled);
        let events = server.run_turn(&thread.id, vec![text("draw a red square, 64x64")]).await;
        assert!(crate::http::completed_images(events).is_empty());
    }
    server.close().await;
}
