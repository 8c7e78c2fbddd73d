//! The database is locked by another program or cannot be opened.

use std::path::Path;
use std::time::Duration;

use easel_protocol::item::ImageStatus;
use easel_protocol::method::{ThreadList, ThreadNameSet, ThreadStart};
use easel_protocol::thread::{ThreadListParams, ThreadSetNameParams, ThreadStartParams};
use easel_protocol::turn::TurnStatus;
use rusqlite::Connection;

use crate::harness::events::{completed_image, completed_turn, is_image_start};
use crate::harness::{Sandbox, Server, env_setting, text};

/// A preview provider with a delay, so that the test can lock the database between the start of a call and its end.
const SLOW: &str = "model_provider = \"slow\"\n[model_providers.slow]\npreset = \"preview\"\ndelay_ms = 2000\n";

/// Longer than SQLite waits for a lock. In CI it is a minute, as for a backup.
fn lock_duration() -> Duration {
    Duration::from_secs(if env_setting("RUN_SLOW_TESTS").is_some() { 60 } else { 7 })
}

/// Takes the write lock of the home's database until the connection is dropped.
fn lock(sandbox: &Sandbox) -> Connection {
    let database = Connection::open(sandbox.home().join("easel.db")).expect("the database");
    database.busy_timeout(Duration::from_secs(60)).expect("a time limit");
    database.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    database
}

#[tokio::test]
async fn image_survives_a_foreign_write_lock() {
    let sandbox = Sandbox::with_config(SLOW);
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    server.start_turn(&thread.id, vec![text("draw a red square")]).await;
    server.events_until(is_image_start).await;
    let lock = lock(&sandbox);
    tokio::time::sleep(lock_duration()).await;
    assert_eq!(server.request::<ThreadList>(&ThreadListParams::default()).await.data.len(), 1, "readers go on");
    let name = ThreadSetNameParams { thread_id: thread.id.clone(), name: "Square".to_owned() };
    let refused = server.request_error::<ThreadNameSet>(&name).await;
    assert!(refused.contains("Another program has locked Easel's database."), "{refused}");
    drop(lock);
    let events = server.events_until_turn_end().await;
    let image = completed_image(&events);
    assert_eq!(image.status, ImageStatus::Completed, "{image:#?}");
    assert!(Path::new(image.saved_path.as_ref().expect("a path")).exists());
    assert_eq!(completed_turn(&events).status, TurnStatus::Completed);
    server.close().await;
}

#[tokio::test]
async fn server_reads_at_once_under_a_foreign_write_lock() {
    let sandbox = Sandbox::with_config(SLOW);
    let mut server = sandbox.start_server().await;
    server.start_thread().await;
    server.close().await;
    let lock = lock(&sandbox);
    let mut server = sandbox.start_server().await;
    assert_eq!(server.request::<ThreadList>(&ThreadListParams::default()).await.data.len(), 1);
    drop(lock);
    server.start_thread().await;
    server.close().await;
}

/// Starts a thread as soon as possible. Returns the errors until then.
async fn start_when_possible(server: &mut Server) -> Vec<String> {
    let mut refusals = Vec::new();
    loop {
        match server.client.request::<ThreadStart>(&ThreadStartParams::default()).await {
            Ok(_) => return refusals,
            Err(error) => refusals.push(error.to_string()),
        }
        assert!(refusals.len() < 600, "{}", refusals[0]);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn database_is_opened_again_after_a_failed_start() {
    let sandbox = Sandbox::with_config(SLOW);
    let path = sandbox.home().join("easel.db");
    std::fs::write(&path, vec![7; 8192]).expect("a file");
    let mut server = sandbox.start_server().await;
    for _ in 0..2 {
        let refused = server.request_error::<ThreadStart>(&ThreadStartParams::default()).await;
        assert!(refused.contains("Easel tries again with the next request"), "{refused}");
    }
    std::fs::remove_file(&path).expect("our file");
    start_when_possible(&mut server).await;
    server
        .expect_event("thread/started", |event| matches!(event, easel_protocol::event::Event::ThreadStarted(_)))
        .await;
    assert_eq!(server.request::<ThreadList>(&ThreadListParams::default()).await.data.len(), 1);
    server.close().await;
}
