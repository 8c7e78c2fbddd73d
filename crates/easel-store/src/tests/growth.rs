//! The work of an operation does not grow with the thread, or grows linearly where the answer does. It is counted in
//! steps of SQLite's virtual machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use easel_imagegen::port::Store;
use easel_imagegen::spending::Limits;
use easel_protocol::event::{Event, RawResponseItemCompletedNotification};
use easel_protocol::id::TurnId;
use easel_protocol::item::{ImageStatus, ThreadItem};
use easel_protocol::response_item::{ContentItem, MessageRole, ResponseItem};
use easel_protocol::thread::{ThreadItemsListParams, ThreadTurnsListParams};
use easel_protocol::turn::TurnItemsView;
use rusqlite::{Connection, Transaction};

use super::sample::*;
use crate::db::connection;
use crate::home::Home;
use crate::journal::budget::read_budget;
use crate::lists::turn_list;
use crate::threads::fork;
use crate::threads::history::{self, ids, images};
use crate::threads::revert::{self, RevertRange};
use crate::{EaselStore, Fork};

const SHORT: usize = 40;
const LONG: usize = 400;

/// A time on a later day than all calls of the threads, in Unix milliseconds.
const TOMORROW_MS: i64 = 1_000_000_000;

/// A store with [`THREAD`], in which each of the turns generated an image.
struct LongThread {
    _folder: tempfile::TempDir,
    store: EaselStore,
    turns: usize,
}

impl LongThread {
    async fn new(turns: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path()).await;
        store.append((0..turns).flat_map(turn_events).collect()).await.unwrap();
        let database = Connection::open(folder.path().join("easel.db")).unwrap();
        let sql = "WITH RECURSIVE turn (number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM turn LIMIT ?1) \
                   INSERT INTO images (thread_id, id, origin, turn_id, call_id, path, created_at, json) \
                   SELECT 'thread-1', printf('img_%032x', number), 'made', 'turn-' || number, 'call-' || number, \
                   printf('generated_images/thread-1/call-%d.png', number), 1006, \
                   json_object('id', printf('img_%032x', number), 'path', \
                   printf('generated_images/thread-1/call-%d.png', number), 'sha256', '', 'mediaType', 'image/png', \
                   'width', 1, 'height', 1, 'bytes', 9, 'hasAlpha', json('false'), 'provider', 'p', 'model', 'm', \
                   'requested', json('{\"action\":\"generate\",\"prompt\":\"a cat\"}'), 'applied', json('{}'), \
                   'revisedPrompt', null, 'inputs', json('[]'), 'usage', null, 'elapsedMs', 1, 'attempts', 1, \
                   'requestId', null, 'synthetic', json('true')) FROM turn";
        database.execute(sql, [i64::try_from(turns).unwrap()]).unwrap();
        let sql = "INSERT INTO ledger (thread_id, turn_id, item_id, owner, provider, model, started_at_ms, requested, \
                   outcome, images, cost) \
                   SELECT thread_id, turn_id, call_id, 'owner', 'p', 'm', 1006, 1, 'made', 1, 40000 FROM images";
        database.execute(sql, []).unwrap();
        Self { _folder: folder, store, turns }
    }

    /// Counts the steps of a read.
    fn count<T>(&self, read: impl FnOnce(&Connection, &Home) -> T) -> u64 {
        let mut connection = connection::connect_to_read(&self.store.home).unwrap();
        let steps = count_steps(&mut connection);
        drop(read(&connection, &self.store.home));
        steps.load(Ordering::Relaxed)
    }

    /// Counts the steps of a write. It is rolled back.
    fn count_write<T>(&self, write: impl FnOnce(&Transaction<'_>) -> T) -> u64 {
        let mut connection = Connection::open(self.store.home.database()).unwrap();
        connection::configure(&connection).unwrap();
        let steps = count_steps(&mut connection);
        drop(write(&connection.transaction().unwrap()));
        steps.load(Ordering::Relaxed)
    }

    /// The newest turn.
    fn last_turn(&self) -> TurnId {
        format!("turn-{}", self.turns - 1).into()
    }
}

/// Counts the steps of SQLite's virtual machine on this connection from now on.
fn count_steps(connection: &mut Connection) -> Arc<AtomicU64> {
    let count = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&count);
    let handler = move || {
        counter.fetch_add(1, Ordering::Relaxed);
        false
    };
    connection.progress_handler(1, Some(handler)).unwrap();
    count
}

fn turn_events(number: usize) -> Vec<Event> {
    let turn = format!("turn-{number}");
    let mut image = drawing(&format!("call-{number}"));
    (image.status, image.completed_at_ms) = (ImageStatus::Completed, Some(1_006_000));
    let model_item = |item| {
        let (thread_id, turn_id) = (THREAD.into(), turn.as_str().into());
        Event::RawResponseItemCompleted(RawResponseItemCompletedNotification { thread_id, turn_id, item })
    };
    let call_id = || format!("call-{number}").into();
    let handle = format!("img_{number:032x}");
    vec![
        turn_started(&turn),
        item_completed(&turn, user(&format!("user-{number}"), "a cat on a mat")),
        model_item(shown_by_user(&[])),
        item_completed(&turn, ThreadItem::ImageGeneration(Box::new(image))),
        model_item(function_call(&format!("call-{number}"))),
        model_item(ResponseItem::FunctionCallOutput { call_id: call_id(), output: pictures(&[&handle]) }),
        item_completed(&turn, agent(&format!("msg-{number}"), "Done.")),
        turn_completed(&turn),
    ]
}

async fn short_and_long() -> [LongThread; 2] {
    [LongThread::new(SHORT).await, LongThread::new(LONG).await]
}

/// Compares the counts of a short and a long thread. The depth of the trees adds some steps.
fn assert_constant(what: &str, [short, long]: [u64; 2]) {
    assert!(long * 10 <= short * 11 + 200, "{what}: {short} steps with {SHORT} turns, {long} with {LONG}");
}

fn assert_linear(what: &str, [short, long]: [u64; 2]) {
    let most = short * (LONG / SHORT) as u64 * 11 / 10;
    assert!(long <= most, "{what}: {short} steps with {SHORT} turns, {long} with {LONG}");
}

#[tokio::test]
async fn reading_the_end_of_a_thread_is_constant() {
    let threads = short_and_long().await;
    let turns = |limit, items_view| ThreadTurnsListParams {
        thread_id: THREAD.into(),
        cursor: None,
        limit: Some(limit),
        sort_direction: None,
        items_view: Some(items_view),
    };
    for view in [TurnItemsView::Full, TurnItemsView::Summary, TurnItemsView::NotLoaded] {
        let page =
            |thread: &LongThread| thread.count(|db, home| turn_list::list_turns(db, home, &turns(20, view)).unwrap());
        assert_constant("a page of turns", threads.each_ref().map(page));
    }
    let newest =
        |thread: &LongThread| thread.count(|db, home| turn_list::load_newest_turns(db, home, THREAD, 8_000).unwrap());
    assert_constant("the newest turns", threads.each_ref().map(newest));
    let items = |thread: &LongThread| {
        let params = ThreadItemsListParams {
            thread_id: THREAD.into(),
            turn_id: Some(thread.last_turn()),
            cursor: None,
            limit: None,
            sort_direction: None,
        };
        thread.count(|db, home| turn_list::list_items(db, home, &params).unwrap())
    };
    assert_constant("the items of a turn", threads.each_ref().map(items));
    let usage = |thread: &LongThread| thread.count(|db, _| history::find_token_usage(db, THREAD).unwrap());
    assert_constant("the token usage", threads.each_ref().map(usage));
}

#[tokio::test]
async fn lookups_are_constant() {
    let threads = short_and_long().await;
    let names = |thread: &LongThread| {
        let names = ["img_00000000000000000000000000000003".to_owned(), "/elsewhere/x.png".to_owned()];
        thread.count(|db, home| images::find_named(db, home, THREAD, &names).unwrap())
    };
    assert_constant("images by name", threads.each_ref().map(names));
    let id = |thread: &LongThread| thread.count(|db, _| ids::find_free_number(db, THREAD, "call-7", 1).unwrap());
    assert_constant("a free id", threads.each_ref().map(id));
    let budget = |thread: &LongThread| {
        thread.count(|db, _| {
            assert_eq!(
                read_budget(db, Limits::default(), THREAD, TOMORROW_MS).unwrap().thread.images,
                thread.turns as u64
            );
        })
    };
    assert_constant("what a thread has spent", threads.each_ref().map(budget));
}

#[tokio::test]
async fn actor_loads_nothing_before_a_catalogue() {
    let threads = short_and_long().await;
    for thread in &threads {
        add_catalogue(thread, thread.turns - 12);
    }
    let load = |thread: &LongThread| thread.count(|db, home| history::load(db, home, THREAD).unwrap());
    assert_constant("loading", threads.each_ref().map(load));
    let loaded = threads[1].store.load_thread(THREAD).await.unwrap().unwrap();
    assert_eq!(loaded.history.len(), 1 + 12 * 3, "the catalogue and the items of twelve turns");
    assert_eq!(loaded.history[0], user_says("What came before."));
    assert_eq!(loaded.images.len(), 16, "twelve are shown; four are among the newest");
}

#[tokio::test]
async fn newest_catalogue_replaces_older_ones() {
    let thread = LongThread::new(SHORT).await;
    for kept in [10, 30] {
        add_catalogue(&thread, kept);
    }
    thread.store.fork_thread(fork_of_thread()).await.unwrap();
    for id in [THREAD, "copy"] {
        let history = thread.store.load_thread(id).await.unwrap().unwrap().history;
        assert_eq!(history.len(), 1 + 10 * 3);
        assert_eq!(history.iter().filter(|item| **item == user_says("What came before.")).count(), 1);
    }
}

#[tokio::test]
async fn revert_of_a_turn_is_constant() {
    let threads = short_and_long().await;
    let rollback =
        |thread: &LongThread| thread.count_write(|tx| revert::revert(tx, THREAD, &RevertRange::Newest(1)).unwrap());
    assert_constant("a rollback", threads.each_ref().map(rollback));
    let revert = |thread: &LongThread| {
        let first = RevertRange::From(thread.last_turn());
        thread.count_write(|tx| revert::revert(tx, THREAD, &first).unwrap())
    };
    assert_constant("a revert", threads.each_ref().map(revert));
}

#[tokio::test]
async fn whole_thread_costs_linear_work() {
    let threads = short_and_long().await;
    let read = |thread: &LongThread| {
        thread.count(|db, home| turn_list::load_all_turns(db, home, THREAD, TurnItemsView::Full).unwrap())
    };
    assert_linear("reading all turns", threads.each_ref().map(read));
    let load = |thread: &LongThread| thread.count(|db, home| history::load(db, home, THREAD).unwrap());
    assert_linear("loading without a catalogue", threads.each_ref().map(load));
    let fork = |thread: &LongThread| thread.count_write(|tx| fork::copy_on_disk(tx, &fork_of_thread()).unwrap());
    assert_linear("a fork", threads.each_ref().map(fork));
    let delete = |thread: &LongThread| {
        thread.count_write(|tx| tx.execute("DELETE FROM threads WHERE id = ?1", [THREAD]).unwrap())
    };
    assert_linear("a deletion", threads.each_ref().map(delete));
}

#[tokio::test]
async fn next_turn_writes_the_same_rows_in_any_thread() {
    let threads = short_and_long().await;
    let append = |thread: &LongThread| {
        let events = turn_events(thread.turns);
        thread.count_write(|tx| {
            let mut write = |event| crate::threads::append::write_event(tx, &thread.store.home, "owner", event);
            events.iter().try_for_each(&mut write).unwrap();
        })
    };
    assert_constant("the rows of a turn", threads.each_ref().map(append));
}

fn fork_of_thread() -> Fork {
    Fork { source: THREAD.into(), thread: thread("copy"), overrides: serde_json::Map::new(), last_turn: None }
}

/// Adds a catalogue that keeps the turns from this one on.
fn add_catalogue(thread: &LongThread, first_kept: usize) {
    let database = Connection::open(thread.store.home.database()).unwrap();
    let sql = "INSERT INTO model_items (thread_id, position, turn_id, json, keeps_from) \
               SELECT thread_id, max(position) + 1, ?1, ?2, ?3 FROM model_items WHERE thread_id = 'thread-1'";
    let json = serde_json::to_string(&user_says("What came before.")).unwrap();
    database.execute(sql, (thread.last_turn().as_str(), json, i64::try_from(first_kept * 3).unwrap())).unwrap();
}

fn user_says(text: &str) -> ResponseItem {
    let content = vec![ContentItem::InputText { text: text.into() }];
    ResponseItem::Message { role: MessageRole::User, content }
}
