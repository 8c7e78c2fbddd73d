//! Threads whose dead writer cannot be recovered.

use std::path::Path;

use easel_protocol::turn::{TurnItemsView, TurnStatus};
use rusqlite::Connection;

use super::*;
use crate::LeaseError;

/// Leaves a running turn of a dead writer.
async fn leave_running_turn(home: &Path) {
    let store = store(home).await;
    store.acquire_writer(THREAD).await.unwrap();
    store.append(vec![turn_started(TURN)]).await.unwrap();
    store.close().await;
}

fn execute(home: &Path, sql: &str) {
    Connection::open(home.join("easel.db")).unwrap().execute_batch(sql).unwrap();
}

async fn status(store: &EaselStore) -> TurnStatus {
    store.load_all_turns(THREAD, TurnItemsView::NotLoaded).await.unwrap()[0].status
}

#[tokio::test]
async fn thread_has_no_writer_until_its_turn_is_closed() {
    let home = tempfile::tempdir().unwrap();
    leave_running_turn(home.path()).await;
    execute(home.path(), "CREATE TRIGGER full BEFORE UPDATE ON turns BEGIN SELECT RAISE(FAIL, 'full'); END");
    let store = open(home.path());
    for _ in 0..2 {
        assert!(matches!(store.acquire_writer(THREAD).await, Err(LeaseError::Storage(_))));
        assert_eq!(status(&store).await, TurnStatus::InProgress);
    }
    execute(home.path(), "DROP TRIGGER full");
    store.acquire_writer(THREAD).await.unwrap();
    assert_eq!(status(&store).await, TurnStatus::Interrupted);
}

/// The dead writer has left an open call in another thread, whose row is damaged.
#[tokio::test]
async fn damaged_call_does_not_keep_other_turns_open() {
    for by_lease in [false, true] {
        let home = tempfile::tempdir().unwrap();
        let store = store(home.path()).await;
        store.acquire_writer(THREAD).await.unwrap();
        store.append(vec![turn_started(TURN)]).await.unwrap();
        store.save_thread(thread("other"), None).await.unwrap();
        for id in ["c1", "c2"] {
            store.reserve(CallStart { thread_id: "other".into(), ..call(id) }).await.unwrap();
        }
        let early = if by_lease {
            // It starts while the other process is alive, so that it recovers with its first lease.
            let successor = open(home.path());
            successor.thread(THREAD).await.unwrap();
            Some(successor)
        } else {
            None
        };
        store.close().await;
        execute(home.path(), "UPDATE calls SET json = 'not json' WHERE call_id = 'c1'");
        let successor = early.unwrap_or_else(|| open(home.path()));
        if by_lease {
            successor.acquire_writer(THREAD).await.unwrap();
        }
        assert_eq!(status(&successor).await, TurnStatus::Interrupted, "{by_lease}");
        let database = Connection::open(home.path().join("easel.db")).unwrap();
        let open = "SELECT group_concat(call_id) FROM calls WHERE outcome IS NULL";
        assert_eq!(database.query_row(open, [], |row| row.get::<_, String>(0)).unwrap(), "c1");
    }
}

/// A second attempt would not help.
#[tokio::test]
async fn thread_with_a_damaged_turn_can_be_deleted() {
    let home = tempfile::tempdir().unwrap();
    leave_running_turn(home.path()).await;
    execute(home.path(), "UPDATE turns SET json = 'not json'");
    let store = open(home.path());
    store.acquire_writer(THREAD).await.unwrap();
    assert!(store.delete_thread(THREAD).await.unwrap());
}
