//! Several processes on one home: the test binary runs itself, and kills the children.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use easel_imagegen::port::{CallEnd, CallStart, Files, Store, image_error};
use easel_protocol::image::ImageListParams;
use easel_protocol::item::{ImageStatus, ThreadItem};
use easel_protocol::record::ImageErrorKind;
use easel_protocol::thread::ThreadListParams;
use easel_protocol::turn::{TurnItemsView, TurnStatus};

use super::sample::*;
use crate::EaselStore;
use crate::LeaseError;
use crate::WriterBusy;

const HOME: &str = "EASEL_STORE_TEST_HOME";
const READY: &str = "the child is ready";

/// Returns the home that the parent passed, if this process is a child.
fn home_of_child() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "a test passes the home to its child in the environment")]
    std::env::var_os(HOME).map(PathBuf::from)
}

/// A child process. Killed with SIGKILL on drop.
struct Process {
    child: Child,
    /// Open until the process ends.
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts one of the children below and waits until it is ready.
    fn start(child: &str, home: &Path) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args([&format!("tests::processes::{child}"), "--exact", "--nocapture"])
            .env(HOME, home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut process = Self { child: process, lines };
        process.wait_for(READY);
        process
    }

    /// Returns the lines up to the one with this text.
    fn wait_for(&mut self, text: &str) -> Vec<String> {
        let mut seen = Vec::new();
        while !seen.last().is_some_and(|line: &String| line.contains(text)) {
            seen.push(self.lines.next().expect("the child ended too early").unwrap());
        }
        seen
    }

    fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.lines.by_ref().map_while(Result::ok).collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reports that the child is ready, and waits until the parent kills it or ends.
fn wait_to_be_killed() {
    println!("{READY}");
    let _ = std::io::stdin().lines().count();
}

#[tokio::test]
async fn child_with_an_open_call() {
    let Some(home) = home_of_child() else { return };
    let store = open(&home);
    store.acquire_writer(THREAD).await.unwrap();
    let image = ThreadItem::ImageGeneration(Box::new(drawing("c1")));
    store.append(vec![turn_started(TURN), item_started(TURN, image)]).await.unwrap();
    store.reserve(call("c1")).await.unwrap();
    let files = store.files(THREAD);
    let mut half = files.create().unwrap();
    half.write_all(&png(1, 1, b"half")[..30]).unwrap();
    wait_to_be_killed();
}

#[tokio::test]
async fn child_with_a_finished_image() {
    let Some(home) = home_of_child() else { return };
    let store = open(&home);
    let image = ThreadItem::ImageGeneration(Box::new(drawing("c1")));
    store.append(vec![turn_started(TURN), item_started(TURN, image)]).await.unwrap();
    store.reserve(call("c1")).await.unwrap();
    let _staged = stage(&store, &png(1, 1, b"billed"));
    wait_to_be_killed();
}

/// Calls of the hosted tool, whose files have no call in their names until they are settled.
#[tokio::test]
async fn child_that_settles_behind_a_foreign_lock() {
    let Some(home) = home_of_child() else { return };
    let store = open(&home);
    for id in ["c1", "c2"] {
        let image = ThreadItem::ImageGeneration(Box::new(drawing(id)));
        store.append(vec![turn_started(TURN), item_started(TURN, image)]).await.unwrap();
        store.reserve(call(id)).await.unwrap();
    }
    let lock = rusqlite::Connection::open(home.join("easel.db")).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut settling = tokio::task::JoinSet::new();
    for id in ["c1", "c2"] {
        let images = vec![stage(&store, &png(1, 1, id.as_bytes()))];
        let (store, end) = (store.clone(), CallEnd::Generated { made: made(images), elapsed_ms: 1 });
        settling.spawn(async move { store.settle(THREAD, id, end).await });
        // Runs until the operation is queued behind the lock.
        tokio::task::yield_now().await;
    }
    wait_to_be_killed();
}

#[tokio::test]
async fn child_that_draws_after_its_call_ended() {
    let Some(home) = home_of_child() else { return };
    let store = open(&home);
    store.reserve(call("c1")).await.unwrap();
    let interrupted = image_error(ImageErrorKind::Interrupted, "the turn was interrupted");
    store.settle(THREAD, "c1", end_with(interrupted)).await.unwrap();
    let mut half = store.files(THREAD).create().unwrap();
    half.write_all(&png(1, 1, b"half")[..30]).unwrap();
    wait_to_be_killed();
}

#[tokio::test]
async fn child_that_writes_threads() {
    let Some(home) = home_of_child() else { return };
    let store = open(&home);
    println!("{READY}");
    for number in 0..WRITES {
        store.save_thread(thread(&format!("child-{number}")), None).await.unwrap();
    }
}

const WRITES: usize = 200;

#[tokio::test]
async fn child_that_draws() {
    let Some(home) = home_of_child() else { return };
    let store = open(&home);
    println!("{READY}");
    for number in 0.. {
        let (turn, id) = (format!("turn-{number}"), format!("call-{number}"));
        let image = ThreadItem::ImageGeneration(Box::new(drawing(&id)));
        store.append(vec![turn_started(&turn), item_started(&turn, image)]).await.unwrap();
        store.reserve(CallStart { turn_id: turn.into(), ..call(&id) }).await.unwrap();
        let images = vec![stage(&store, &png(1, 1, id.as_bytes())), stage(&store, &png(2, 2, id.as_bytes()))];
        println!("staged {id}");
        store.settle(THREAD, &id, CallEnd::Generated { made: made(images), elapsed_ms: 1 }).await.unwrap();
        println!("settled {id}");
    }
}

#[tokio::test]
async fn kill_fails_only_the_calls_of_that_process() {
    let home = tempfile::tempdir().unwrap();
    let watching = store(home.path()).await;
    let child = Process::start("child_with_an_open_call", home.path());
    assert_eq!(status(&watching).await, ImageStatus::InProgress);
    // A third process that starts now does not touch the living child.
    assert_eq!(status(&open(home.path())).await, ImageStatus::InProgress);
    child.kill();
    let next = open(home.path());
    assert_eq!(status(&next).await, ImageStatus::Failed);
    let turn = next.load_all_turns(THREAD, TurnItemsView::NotLoaded).await.unwrap().remove(0);
    assert_eq!(turn.status, TurnStatus::Interrupted);
    assert_eq!(names(&home.path().join("generated_images/thread-1")), [""; 0]);
    // The process that was running all the time sees it too.
    assert_eq!(status(&watching).await, ImageStatus::Failed);
}

#[tokio::test]
async fn kill_loses_no_finished_image() {
    let home = tempfile::tempdir().unwrap();
    store(home.path()).await.close().await;
    Process::start("child_with_a_finished_image", home.path()).kill();
    let next = open(home.path());
    assert_eq!(status(&next).await, ImageStatus::Completed);
    let path = image_path(home.path(), "c1.png");
    assert_eq!(std::fs::read(path).unwrap(), png(1, 1, b"billed"));
}

#[tokio::test]
async fn kill_during_a_foreign_lock_loses_no_image() {
    let home = tempfile::tempdir().unwrap();
    store(home.path()).await.close().await;
    Process::start("child_that_settles_behind_a_foreign_lock", home.path()).kill();
    let next = open(home.path());
    let items = items(&next).await;
    assert_eq!(items.len(), 2);
    for (item, id) in items.into_iter().zip(["c1", "c2"]) {
        let ThreadItem::ImageGeneration(image) = item else { panic!("not an image") };
        assert_eq!((image.status, image.images.len()), (ImageStatus::Completed, 1), "{id}");
        assert_eq!(std::fs::read(&image.images[0].path).unwrap(), png(1, 1, id.as_bytes()));
    }
}

#[tokio::test]
async fn next_writer_removes_incomplete_images() {
    let home = tempfile::tempdir().unwrap();
    let next = store(home.path()).await;
    let folder = home.path().join("generated_images/thread-1");
    let child = Process::start("child_that_draws_after_its_call_ended", home.path());
    next.acquire_writer(THREAD).await.unwrap();
    assert_eq!(names(&folder).len(), 1, "its process is alive");
    next.release_writer(THREAD).await.unwrap();
    child.kill();
    next.acquire_writer(THREAD).await.unwrap();
    assert_eq!(names(&folder), [""; 0]);
}

#[tokio::test]
async fn kill_at_any_point_keeps_images_and_ends_calls() {
    for round in 0..12 {
        let home = tempfile::tempdir().unwrap();
        store(home.path()).await.close().await;
        let mut child = Process::start("child_that_draws", home.path());
        let mut lines = child.wait_for(&format!("{} call-{}", ["staged", "settled"][round % 2], round / 2));
        lines.extend(child.kill());
        let next = open(home.path());
        let listed = next.list_images(ImageListParams { limit: Some(50), ..Default::default() }).await.unwrap().data;
        // Recovery completed every file: it has a name and a record.
        let folder = home.path().join("generated_images/thread-1");
        let mut recorded: Vec<_> = listed.iter().map(|entry| file_name(&entry.image.path)).collect();
        recorded.sort();
        assert_eq!(names(&folder), recorded);
        for entry in &listed {
            let facts = crate::files::hashing_writer::inspect_file(Path::new(&entry.image.path)).unwrap();
            assert_eq!(facts, entry.image.facts);
        }
        // Every image that the child had staged exists.
        for line in lines {
            let Some(id) = line.strip_prefix("staged ") else { continue };
            assert_eq!(listed.iter().filter(|entry| entry.item_id == id).count(), 2, "{id}");
        }
        for item in items(&next).await {
            let ThreadItem::ImageGeneration(image) = item else { panic!("not an image") };
            assert_ne!(image.status, ImageStatus::InProgress);
        }
        let turns = next.load_all_turns(THREAD, TurnItemsView::NotLoaded).await.unwrap();
        assert!(turns.iter().all(|turn| turn.status == TurnStatus::Interrupted));
    }
}

#[tokio::test]
async fn thread_has_one_living_writer() {
    let home = tempfile::tempdir().unwrap();
    let here = store(home.path()).await;
    let child = Process::start("child_with_an_open_call", home.path());
    let busy = here.acquire_writer(THREAD).await.unwrap_err();
    let pid = child.child.id();
    assert!(matches!(busy, LeaseError::Busy(WriterBusy { pid: found }) if found == pid));
    assert!(busy.to_string().contains(&child.child.id().to_string()));
    child.kill();
    // Acquiring the thread closes what its writer left open.
    here.acquire_writer(THREAD).await.unwrap();
    assert_eq!(status(&here).await, ImageStatus::Failed);
}

#[tokio::test]
async fn released_thread_is_free_for_another_process() {
    let home = tempfile::tempdir().unwrap();
    let (one, other) = (store(home.path()).await, open(home.path()));
    one.acquire_writer(THREAD).await.unwrap();
    one.acquire_writer(THREAD).await.unwrap();
    other.acquire_writer(THREAD).await.unwrap_err();
    other.release_writer(THREAD).await.unwrap();
    other.acquire_writer(THREAD).await.unwrap_err();
    one.release_writer(THREAD).await.unwrap();
    other.acquire_writer(THREAD).await.unwrap();
    assert!(matches!(one.acquire_writer("unknown").await, Err(LeaseError::ThreadNotFound)));
}

#[tokio::test]
async fn two_processes_write_to_one_home() {
    let home = tempfile::tempdir().unwrap();
    let here = open(home.path());
    let mut child = Process::start("child_that_writes_threads", home.path());
    for number in 0..WRITES {
        here.save_thread(thread(&format!("parent-{number}")), None).await.unwrap();
    }
    assert!(child.child.wait().unwrap().success());
    let (mut count, mut cursor) = (0, None);
    loop {
        let page = here.list_threads(ThreadListParams { cursor, ..ThreadListParams::default() }).await.unwrap();
        count += page.data.len();
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(count, 2 * WRITES);
}

#[tokio::test]
async fn stale_lock_files_are_removed_at_the_next_start() {
    let home = tempfile::tempdir().unwrap();
    store(home.path()).await.close().await;
    Process::start("child_with_an_open_call", home.path()).kill();
    assert_eq!(names(&home.path().join("run")).len(), 2);
    let next = open(home.path());
    next.thread(THREAD).await.unwrap();
    assert_eq!(names(&home.path().join("run")).len(), 2);
    next.close().await;
    assert_eq!(names(&home.path().join("run")), ["gate"]);
}

async fn status(store: &EaselStore) -> ImageStatus {
    let ThreadItem::ImageGeneration(image) = items(store).await.remove(0) else { panic!("not an image") };
    image.status
}
