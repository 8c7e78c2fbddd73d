//! Reads do not wait for writes, writes do not wait for reads, and nobody waits for an abandoned read.

use std::future::{Future, poll_fn};
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::time::Duration;

use easel_imagegen::port::{StorageErrorKind, Store};
use easel_protocol::thread::ThreadSearchParams;
use easel_protocol::thread::{Thread, ThreadListParams};
use easel_protocol::turn::{TurnItemsView, TurnStatus};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::sample::*;
use crate::EaselStore;
use crate::db::workers::ReadKind;

/// Polls a future once. Returns whether it is pending.
async fn poll_once<F: Future + Unpin>(future: &mut F) -> bool {
    poll_fn(|context| Poll::Ready(Pin::new(&mut *future).poll(context).is_pending())).await
}

/// Returns a read that does not end, and a receiver that resolves when the read has begun.
fn endless(store: &EaselStore, kind: ReadKind) -> (impl Future<Output = ()> + Unpin, oneshot::Receiver<()>) {
    let (begun, has_begun) = oneshot::channel();
    let store = store.clone();
    let read = async move {
        let count = move |connection: &Connection| {
            begun.send(()).unwrap();
            let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
            Ok(connection.query_row(sql, [], |row| row.get::<_, i64>(0))?)
        };
        store.read(kind, count).await.unwrap_err();
    };
    (Box::pin(read), has_begun)
}

#[tokio::test]
async fn long_reads_block_nobody() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let (mut search, searching) = endless(&store, ReadKind::Search);
    let (mut load, loading) = endless(&store, ReadKind::WholeThread);
    assert!(poll_once(&mut search).await && poll_once(&mut load).await);
    // The readers may have to open the database first.
    tokio::select! { begun = searching => begun.unwrap(), () = &mut search => unreachable!() }
    tokio::select! { begun = loading => begun.unwrap(), () = &mut load => unreachable!() }
    store.append(vec![turn_started(TURN), item_completed(TURN, user("u1", "a cat"))]).await.unwrap();
    store.reserve(call("c1")).await.unwrap();
    assert_eq!(items(&store).await.len(), 1, "the write is visible");
    assert_eq!(store.list_threads(ThreadListParams::default()).await.unwrap().data.len(), 1);
    store.acquire_writer(THREAD).await.unwrap();
}

#[tokio::test]
async fn abandoned_read_is_interrupted() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let (mut search, searching) = endless(&store, ReadKind::Search);
    tokio::select! { begun = searching => begun.unwrap(), () = &mut search => unreachable!() }
    drop(search);
    let params = ThreadSearchParams { search_term: "cat".into(), ..ThreadSearchParams::default() };
    assert!(store.search_threads(params).await.unwrap().data.is_empty());
}

#[tokio::test]
async fn abandoned_queued_read_is_dropped() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.read(ReadKind::Search, |_| Ok(())).await.unwrap();
    let (release, released) = mpsc::sync_channel::<()>(1);
    let mut first = Box::pin(store.read(ReadKind::Search, move |_| {
        released.recv().unwrap();
        Ok(())
    }));
    assert!(poll_once(&mut first).await);
    let ran = Arc::new(AtomicBool::new(false));
    let runs = Arc::clone(&ran);
    let mut second = Box::pin(store.read(ReadKind::Search, move |_| {
        runs.store(true, Ordering::SeqCst);
        Ok(())
    }));
    assert!(poll_once(&mut second).await);
    drop(second);
    release.send(()).unwrap();
    first.await.unwrap();
    store.read(ReadKind::Search, |_| Ok(())).await.unwrap();
    assert!(!ran.load(Ordering::SeqCst));
}

/// Takes the write lock of the database as another program would. Released on drop.
fn lock(home: &Path) -> Connection {
    let foreign = Connection::open(home.join("easel.db")).unwrap();
    foreign.busy_timeout(Duration::from_secs(60)).unwrap();
    foreign.execute_batch("BEGIN IMMEDIATE").unwrap();
    foreign
}

#[tokio::test]
async fn foreign_lock_refuses_requests_and_loses_no_event() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.thread(THREAD).await.unwrap();
    // The start of a turn belongs to its request. Later events of the turn wait for the lock.
    store.append(vec![turn_started(TURN)]).await.unwrap();
    let foreign = lock(home.path());
    let mut append = Box::pin(store.append(vec![turn_completed(TURN)]));
    assert!(poll_once(&mut append).await);
    // It is queued behind an operation that waits long.
    let refused = store.save_thread(thread("other"), None).await.unwrap_err();
    assert!(refused.client_message().starts_with("Another program has locked Easel's database."), "{refused}");
    assert_eq!(store.list_threads(ThreadListParams::default()).await.unwrap().data.len(), 1, "reads continue");
    drop(foreign);
    append.await.unwrap();
    assert_eq!(store.thread("other").await.unwrap(), None, "a refused write is not done later");
    assert_eq!(store.load_all_turns(THREAD, TurnItemsView::NotLoaded).await.unwrap().len(), 1);
}

#[tokio::test]
async fn ephemeral_thread_ignores_a_foreign_lock() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path());
    store.save_thread(Thread { ephemeral: true, ..thread(THREAD) }, None).await.unwrap();
    let foreign = lock(home.path());
    let message = item_completed(TURN, user("u1", "a cat"));
    store.append(vec![turn_started(TURN), message, turn_completed(TURN)]).await.unwrap();
    assert_eq!(items(&store).await.len(), 1);
    assert!(!foreign.is_autocommit(), "the lock was held all the time");
}

#[tokio::test]
async fn store_opens_and_reads_during_a_foreign_lock() {
    let home = tempfile::tempdir().unwrap();
    store(home.path()).await.close().await;
    let foreign = lock(home.path());
    let next = open(home.path());
    assert!(next.thread(THREAD).await.unwrap().is_some());
    assert!(!foreign.is_autocommit(), "the lock was held all the time");
}

#[tokio::test]
async fn postponed_recovery_is_completed_without_a_write() {
    let home = tempfile::tempdir().unwrap();
    let dead = store(home.path()).await;
    dead.append(vec![turn_started(TURN)]).await.unwrap();
    dead.close().await;
    let foreign = lock(home.path());
    let next = open(home.path());
    let status = async || next.load_all_turns(THREAD, TurnItemsView::NotLoaded).await.unwrap()[0].status;
    assert_eq!(status().await, TurnStatus::InProgress, "the foreign lock keeps the turn open");
    drop(foreign);
    next.complete_recovery().await;
    assert_eq!(status().await, TurnStatus::Interrupted);
}

#[tokio::test]
async fn waiting_for_recovery_blocks_nobody_else() {
    let home = tempfile::tempdir().unwrap();
    let here = store(home.path()).await;
    here.save_thread(thread("other"), None).await.unwrap();
    let recovery_lock = std::fs::File::options().write(true).open(home.path().join("run/gate")).unwrap();
    recovery_lock.lock().unwrap();
    let database = Connection::open(home.path().join("easel.db")).unwrap();
    database.execute("UPDATE threads SET writer = 'dead-owner' WHERE id = ?1", [THREAD]).unwrap();
    let mut acquire = Box::pin(here.acquire_writer(THREAD));
    assert!(poll_once(&mut acquire).await);
    here.acquire_writer("other").await.unwrap();
    here.save_thread(Thread { ephemeral: true, ..thread("ephemeral") }, None).await.unwrap();
    // A process that starts does not wait either.
    assert!(open(home.path()).thread(THREAD).await.unwrap().is_some());
    assert!(poll_once(&mut acquire).await, "another process still recovers");
    drop(recovery_lock);
    acquire.await.unwrap();
}

#[tokio::test]
async fn unused_workers_close_without_starting() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.close().await;
    for kind in [ReadKind::Page, ReadKind::WholeThread, ReadKind::Search] {
        let error = store.read(kind, |_| Ok(())).await.unwrap_err();
        assert_eq!(error.kind(), StorageErrorKind::Closed, "{kind:?}");
    }
}
