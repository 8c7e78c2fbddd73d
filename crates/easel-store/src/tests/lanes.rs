//! Nobody's read waits for a write, no write for a read, and nobody for one whose caller has gone.

use std::future::{Future, poll_fn};
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::time::Duration;

use easel_imagegen::port::Store;
use easel_protocol::thread::ThreadSearchParams;
use easel_protocol::thread::{Thread, ThreadListParams};
use easel_protocol::turn::TurnItemsView;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::sample::*;
use crate::EaselStore;
use crate::db::workers::Reads;

/// Lets a future begin; whether it waits for something then.
async fn begin<F: Future + Unpin>(future: &mut F) -> bool {
    poll_fn(|context| Poll::Ready(Pin::new(&mut *future).poll(context).is_pending())).await
}

/// A read that does not end by itself; the receiver is told when it has begun.
fn endless(store: &EaselStore, reads: Reads) -> (impl Future<Output = ()> + Unpin, oneshot::Receiver<()>) {
    let (begun, has_begun) = oneshot::channel();
    let store = store.clone();
    let read = async move {
        let count = move |connection: &Connection| {
            begun.send(()).unwrap();
            let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
            Ok(connection.query_row(sql, [], |row| row.get::<_, i64>(0))?)
        };
        store.read(reads, count).await.unwrap_err();
    };
    (Box::pin(read), has_begun)
}

#[tokio::test]
async fn endless_searches_and_loads_keep_nobody_from_reading_or_writing() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let (mut search, searching) = endless(&store, Reads::Search);
    let (mut load, loading) = endless(&store, Reads::Whole);
    assert!(begin(&mut search).await && begin(&mut load).await);
    // The database may have to be opened to read first.
    tokio::select! { begun = searching => begun.unwrap(), () = &mut search => unreachable!() }
    tokio::select! { begun = loading => begun.unwrap(), () = &mut load => unreachable!() }
    store.append(vec![turn_started(TURN), item_completed(TURN, user("u1", "a cat"))]).await.unwrap();
    store.reserve(call("c1")).await.unwrap();
    assert_eq!(items(&store).await.len(), 1, "what was written is read");
    assert_eq!(store.list_threads(ThreadListParams::default()).await.unwrap().data.len(), 1);
    store.acquire_writer(THREAD).await.unwrap();
}

#[tokio::test]
async fn a_read_whose_caller_goes_away_is_interrupted() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    let (mut search, searching) = endless(&store, Reads::Search);
    tokio::select! { begun = searching => begun.unwrap(), () = &mut search => unreachable!() }
    drop(search);
    let wish = ThreadSearchParams { search_term: "cat".into(), ..ThreadSearchParams::default() };
    assert!(store.search_threads(wish).await.unwrap().data.is_empty());
}

#[tokio::test]
async fn a_waiting_read_whose_caller_goes_away_is_dropped() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.read(Reads::Search, |_| Ok(())).await.unwrap();
    let (release, released) = mpsc::sync_channel::<()>(1);
    let mut first = Box::pin(store.read(Reads::Search, move |_| {
        released.recv().unwrap();
        Ok(())
    }));
    assert!(begin(&mut first).await);
    let ran = Arc::new(AtomicBool::new(false));
    let runs = Arc::clone(&ran);
    let mut second = Box::pin(store.read(Reads::Search, move |_| {
        runs.store(true, Ordering::SeqCst);
        Ok(())
    }));
    assert!(begin(&mut second).await);
    drop(second);
    release.send(()).unwrap();
    first.await.unwrap();
    store.read(Reads::Search, |_| Ok(())).await.unwrap();
    assert!(!ran.load(Ordering::SeqCst));
}

/// Another program with the write lock of the database, until it is dropped.
fn lock(home: &Path) -> Connection {
    let foreign = Connection::open(home.join("easel.db")).unwrap();
    foreign.busy_timeout(Duration::from_secs(60)).unwrap();
    foreign.execute_batch("BEGIN IMMEDIATE").unwrap();
    foreign
}

#[tokio::test]
async fn a_foreign_lock_refuses_requests_and_loses_no_event() {
    let home = tempfile::tempdir().unwrap();
    let store = store(home.path()).await;
    store.thread(THREAD).await.unwrap();
    // The start of a turn belongs to its request; what the turn does then is waited for.
    store.append(vec![turn_started(TURN)]).await.unwrap();
    let foreign = lock(home.path());
    let mut append = Box::pin(store.append(vec![turn_completed(TURN)]));
    assert!(begin(&mut append).await);
    // It stands behind what waits for long.
    let refused = store.save_thread(thread("other"), None).await.unwrap_err();
    assert!(refused.client_message().starts_with("Another program has locked Easel's database."), "{refused}");
    assert_eq!(store.list_threads(ThreadListParams::default()).await.unwrap().data.len(), 1, "readers go on");
    drop(foreign);
    append.await.unwrap();
    assert_eq!(store.thread("other").await.unwrap(), None, "what was refused is not done later");
    assert_eq!(store.all_turns(THREAD, TurnItemsView::NotLoaded).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_ephemeral_thread_goes_on_beside_a_foreign_lock() {
    let home = tempfile::tempdir().unwrap();
    let store = open(home.path());
    store.save_thread(Thread { ephemeral: true, ..thread(THREAD) }, None).await.unwrap();
    let foreign = lock(home.path());
    let said = item_completed(TURN, user("u1", "a cat"));
    store.append(vec![turn_started(TURN), said, turn_completed(TURN)]).await.unwrap();
    assert_eq!(items(&store).await.len(), 1);
    assert!(!foreign.is_autocommit(), "the lock was held all the time");
}

#[tokio::test]
async fn a_store_is_opened_and_read_beside_a_foreign_lock() {
    let home = tempfile::tempdir().unwrap();
    store(home.path()).await.close().await;
    let foreign = lock(home.path());
    let next = open(home.path());
    assert!(next.thread(THREAD).await.unwrap().is_some());
    assert!(!foreign.is_autocommit(), "the lock was held all the time");
}

#[tokio::test]
async fn waiting_for_a_process_that_recovers_keeps_nobody_else_waiting() {
    let home = tempfile::tempdir().unwrap();
    let here = store(home.path()).await;
    here.save_thread(thread("other"), None).await.unwrap();
    let gate = std::fs::File::options().write(true).open(home.path().join("run/gate")).unwrap();
    gate.lock().unwrap();
    let database = Connection::open(home.path().join("easel.db")).unwrap();
    database.execute("UPDATE threads SET writer = 'a-dead-one' WHERE id = ?1", [THREAD]).unwrap();
    let mut acquire = Box::pin(here.acquire_writer(THREAD));
    assert!(begin(&mut acquire).await);
    here.acquire_writer("other").await.unwrap();
    here.save_thread(Thread { ephemeral: true, ..thread("fleeting") }, None).await.unwrap();
    // A process that starts does not wait either.
    assert!(open(home.path()).thread(THREAD).await.unwrap().is_some());
    assert!(begin(&mut acquire).await, "another process is still inside");
    drop(gate);
    acquire.await.unwrap();
}
