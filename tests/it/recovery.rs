//! After `kill -9`, finished images are kept, incomplete ones are not shown, and the billing status is known.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use easel_protocol::image::ImageListParams;
use easel_protocol::item::{ImageStatus, ThreadItem};
use easel_protocol::method::{ImageList, ThreadItemsList, ThreadRead, ThreadResume};
use easel_protocol::record::{Billed, ImageErrorKind, ImageRecord};
use easel_protocol::thread::{ThreadItemsListParams, ThreadStatus};
use easel_protocol::turn::TurnStatus;
use easel_testkit::image::{DecodedPng, sha256};
use easel_testkit::rng::Rng;

use crate::harness::events::{as_image, completed_image, completed_turn, is_image_start};
use crate::harness::normalize::normalize;
use crate::harness::read_file;
use crate::harness::{HOSTED, SLOW_AND_BILLING, SLOW_AND_FREE, STANDALONE, Sandbox, Server, env_setting, text};
use crate::storage::list_recursively;
use crate::threads::{items_list_params, read_params, resume_params};

/// The longest wait for a state of a turn.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Starts a turn and waits until its call is in the journal, which is before it is sent. No event announces that.
async fn start_turn_with_call(sandbox: &Sandbox, server: &mut Server, thread_id: &str) {
    server.start_turn(thread_id, vec![text("draw a red square")]).await;
    server.events_until(is_image_start).await;
    let database = rusqlite::Connection::open(sandbox.home().join("easel.db")).expect("the database");
    let open_calls = "SELECT count(*) FROM calls WHERE outcome IS NULL";
    while database.query_row(open_calls, (), |row| row.get::<_, u32>(0)).expect("the journal") == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn call_open_at_kill_9_ends_with_its_billing_status() {
    for (config, billed) in [(SLOW_AND_BILLING, Billed::Uncertain), (SLOW_AND_FREE, Billed::No)] {
        for tool in [STANDALONE, HOSTED] {
            let sandbox = Sandbox::with_config(config);
            let mut server = sandbox.start_server_with(tool).await;
            let thread = server.start_thread().await;
            start_turn_with_call(&sandbox, &mut server, &thread.id).await;
            server.client.kill().await.expect("the process is killed");

            let mut server = sandbox.start_server_with(tool).await;
            let read = server.request::<ThreadRead>(&read_params(&thread.id)).await.thread;
            assert_eq!((read.status, read.turns[0].status), (ThreadStatus::NotLoaded {}, TurnStatus::Interrupted));
            let item = read.turns[0].items.iter().find_map(as_image).expect("the image's item");
            let error = item.error.as_ref().expect("an error");
            assert_eq!(
                (item.status, error.kind, error.billed),
                (ImageStatus::Failed, ImageErrorKind::Interrupted, billed),
                "{tool:?}"
            );
            assert!(item.completed_at_ms.is_some());
            let files = list_recursively(&sandbox.home().join("generated_images"));
            assert!(files.iter().all(|path| path.is_dir()), "{files:?}");
            server.close().await;
        }
    }
}

#[tokio::test]
async fn turn_cut_off_by_kill_9_is_readable() {
    let sandbox = Sandbox::with_config(SLOW_AND_BILLING);
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    start_turn_with_call(&sandbox, &mut server, &thread.id).await;
    server.client.kill().await.expect("the process is killed");
    let mut server = sandbox.start_server().await;
    let read = server.request::<ThreadRead>(&read_params(&thread.id)).await.thread;
    insta::assert_json_snapshot!("turn_cut_off_by_kill", normalize(&sandbox, &read.turns));
    server.close().await;
}

#[tokio::test]
async fn thread_continues_after_kill_9() {
    for tool in [STANDALONE, HOSTED] {
        let sandbox = Sandbox::with_config(SLOW_AND_BILLING);
        let mut server = sandbox.start_server_with(tool).await;
        let thread = server.start_thread().await;
        server.start_turn(&thread.id, vec![text("draw a red square")]).await;
        server.events_until(is_image_start).await;
        server.client.kill().await.expect("the process is killed");

        let mut server = sandbox.start_server_with(tool).await;
        let mut params = resume_params(&thread.id);
        params.model_provider = Some("preview".to_owned());
        server.request::<ThreadResume>(&params).await;
        let events = server.run_turn(&thread.id, vec![text("draw a blue square")]).await;
        assert_eq!(completed_turn(&events).status, TurnStatus::Completed, "{tool:?}");
        assert_eq!(completed_image(&events).status, ImageStatus::Completed, "{tool:?}");
        server.close().await;
    }
}

/// When a turn is killed: a state that the turn reaches and does not leave before its end.
#[derive(Debug, Clone, Copy)]
enum KillPoint {
    /// This many events have arrived.
    AfterEvents(usize),
    /// The journal has one more call.
    CallJournalled,
    /// The folder of images has one more file, complete or not.
    FileCreated,
    /// The journal has one more call with an outcome.
    CallSettled,
}

impl KillPoint {
    fn random(rng: &mut Rng) -> Self {
        match rng.below(6) {
            0..=2 => Self::AfterEvents(rng.below(14)),
            3 => Self::CallJournalled,
            4 => Self::FileCreated,
            _ => Self::CallSettled,
        }
    }

    /// A number that grows when the turn reaches this point.
    fn progress(self, sandbox: &Sandbox) -> usize {
        let calls = |condition: &str| {
            let database = rusqlite::Connection::open(sandbox.home().join("easel.db")).expect("the database");
            let query = format!("SELECT count(*) FROM calls {condition}");
            database.query_row(&query, (), |row| row.get::<_, u32>(0)).expect("the journal") as usize
        };
        match self {
            Self::AfterEvents(_) => 0,
            Self::CallJournalled => calls(""),
            Self::CallSettled => calls("WHERE outcome IS NOT NULL"),
            Self::FileCreated => {
                list_recursively(&sandbox.home().join("generated_images")).iter().filter(|path| path.is_file()).count()
            }
        }
    }
}

/// Runs one turn in a process that is killed at a random point. Returns the id of its thread.
async fn run_killed_turn(sandbox: &Sandbox, thread_id: Option<&str>, tool: &[&str], rng: &mut Rng) -> String {
    let mut server = sandbox.start_server_with(tool).await;
    let thread_id = match thread_id {
        Some(thread_id) => server.request::<ThreadResume>(&resume_params(thread_id)).await.settings.thread.id,
        None => server.start_thread().await.id,
    };
    let point = KillPoint::random(rng);
    let before = point.progress(sandbox);
    server.start_turn(&thread_id, vec![text("draw a red square, 256x256")]).await;
    if let KillPoint::AfterEvents(count) = point {
        for _ in 0..count {
            server.client.next_event().await.expect("a whole line").expect("an event");
        }
    } else {
        let start = Instant::now();
        while point.progress(sandbox) == before {
            assert!(start.elapsed() < TIMEOUT, "the turn does not reach {point:?}");
            tokio::task::yield_now().await;
        }
    }
    server.client.kill().await.expect("the process is killed");
    thread_id.to_string()
}

#[tokio::test]
async fn kill_9_at_any_moment_leaves_only_complete_images() {
    let rounds = if env_setting("RUN_SLOW_TESTS").is_some() { 200 } else { 24 };
    let sandbox = Sandbox::with_config("[wire]\nturn_event_delay_ms = 0\n");
    let mut rng = Rng::new(7);
    let mut threads: Vec<String> = Vec::new();
    for round in 0..rounds {
        let tool = if round % 2 == 0 { STANDALONE } else { HOSTED };
        let known = threads.get(round / 2 % 3).cloned();
        let thread_id = run_killed_turn(&sandbox, known.as_deref(), tool, &mut rng).await;
        if known.is_none() {
            threads.push(thread_id);
        }
    }
    let mut server = sandbox.start_server().await;
    let known: BTreeSet<PathBuf> = read_images(&mut server).await.into_keys().collect();
    assert!(!known.is_empty(), "some turns finish their image");
    let files: BTreeSet<PathBuf> =
        list_recursively(&sandbox.home().join("generated_images")).into_iter().filter(|path| path.is_file()).collect();
    assert_eq!(files, known, "every file has a record, and every record its file");
    let leftovers: Vec<PathBuf> =
        list_recursively(&sandbox.home().join("attachments")).into_iter().filter(|path| path.is_file()).collect();
    assert!(leftovers.is_empty(), "{leftovers:?}");
    for thread_id in &threads {
        assert_everything_ended(&mut server, thread_id).await;
    }
    server.close().await;
}

/// Reads the records of all images by path. Each file must be complete and match its record, and have one record.
pub(crate) async fn read_images(server: &mut Server) -> BTreeMap<PathBuf, ImageRecord> {
    let mut images = BTreeMap::new();
    let mut params = ImageListParams::default();
    loop {
        let page = server.request::<ImageList>(&params).await;
        for entry in page.data {
            let bytes = read_file(&entry.image.path);
            DecodedPng::decode(&bytes);
            assert_eq!(sha256(&bytes), entry.image.facts.sha256);
            let former = images.insert(PathBuf::from(&entry.image.path), entry.image);
            assert!(former.is_none(), "two records of one file");
        }
        params.cursor = page.next_cursor;
        if params.cursor.is_none() {
            return images;
        }
    }
}

async fn assert_everything_ended(server: &mut Server, thread_id: &str) {
    let turns = server.request::<ThreadRead>(&read_params(thread_id)).await.thread.turns;
    for turn in &turns {
        assert!(matches!(turn.status, TurnStatus::Completed | TurnStatus::Interrupted), "{turn:#?}");
        assert!(turn.completed_at.is_some(), "{turn:#?}");
    }
    let mut params = items_list_params(thread_id);
    loop {
        let page = server.request::<ThreadItemsList>(&params).await;
        for entry in page.data {
            assert!(entry.completed_at_ms.is_some(), "{entry:#?}");
            let ThreadItem::ImageGeneration(item) = &entry.item else { continue };
            let shown = !item.images.is_empty() && item.saved_path.is_some() && item.error.is_none();
            let failed = item.images.is_empty() && item.saved_path.is_none() && item.error.is_some();
            assert!(
                (item.status == ImageStatus::Completed && shown) || (item.status == ImageStatus::Failed && failed),
                "{item:#?}"
            );
        }
        let Some(cursor) = page.next_cursor else { return };
        params = ThreadItemsListParams { cursor: Some(cursor), ..params };
    }
}
