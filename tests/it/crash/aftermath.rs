//! What must hold after the next start, whatever the process was doing when it died.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use easel_protocol::item::{ImageGenerationItem, ImageStatus, ThreadItem};
use easel_protocol::method::{ThreadItemsList, ThreadList, ThreadRead, ThreadResume, ToolCall};
use easel_protocol::record::{Billed, ImageRecord};
use easel_protocol::thread::{Thread, ThreadItemsListParams, ThreadListParams};
use easel_protocol::tool::ToolCallParams;
use easel_protocol::turn::TurnStatus;
use easel_testkit::image::{DecodedPng, sha256};

use super::promises::Promises;
use super::provider::count_billable;
use super::scenarios::{CALL_ID, CHANGED_KEY, Scenario, Template};
use crate::harness::events::{as_image, completed_image, completed_turn};
use crate::harness::{Sandbox, Server, read_file, text};
use crate::http::start_server_with_key;
use crate::recovery::read_images;
use crate::storage::list_recursively;
use crate::threads::{items_list_params, read_params, resume_params};

/// What has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// The process. The operating system has everything that it wrote.
    Process,
    /// The power. Only what was flushed is certain.
    Power,
}

/// A home whose process has ended or died.
pub(super) struct Aftermath<'a> {
    pub(super) loss: Loss,
    pub(super) scenario: Scenario,
    pub(super) template: &'a Template,
    pub(super) sandbox: &'a Sandbox,
    pub(super) promises: Promises,
}

impl Aftermath<'_> {
    /// Starts Easel again and checks every promise. The process has sent at least this number of requests that may be
    /// billed, after `requests_before` requests of earlier processes.
    pub(super) async fn check(&self, sent: usize, requests_before: usize) {
        let mut server = start_server_with_key(self.sandbox, &self.template.arguments()).await;
        let threads = self.check_threads(&mut server).await;
        self.check_images(&mut server, &threads).await;
        self.check_billing(&threads, sent);
        self.check_files();
        let mut new_requests = 0;
        for thread in &threads {
            server.request::<ThreadResume>(&resume_params(&thread.id)).await;
            let folder = self.sandbox.home().join("generated_images").join(&*thread.id);
            let half = files_below(&folder).into_iter().find(|path| is_unfinished(path) && !is_whole_image(path));
            assert_eq!(half, None, "opening a thread removes its half files");
            if let Some(params) = self.scenario.tool_call(self.template, &thread.id) {
                let is_made = self.repeat_call(&mut server, thread, &params).await;
                assert!(!is_made || sent == 0, "a call that was sent is made again");
                new_requests += usize::from(is_made);
            }
            new_requests += 1;
            let events = server.run_turn(&thread.id, vec![text("draw the end")]).await;
            assert_eq!(completed_turn(&events).status, TurnStatus::Completed);
            assert_eq!(completed_image(&events).status, ImageStatus::Completed);
            self.check_conversation(thread);
        }
        server.close().await;
        self.check_requests(requests_before, new_requests);
        self.check_leases();
    }

    /// The client sends its call again. It gets the result of the first request if that has one, and the call is made
    /// only if it was never sent. Returns whether it was made.
    async fn repeat_call(&self, server: &mut Server, thread: &Thread, params: &ToolCallParams) -> bool {
        let response = server.request::<ToolCall>(params).await;
        let item = image_items(thread).find(|item| item.id == *CALL_ID);
        assert_eq!(response.replayed, item.is_some(), "{item:#?}");
        match item {
            Some(item) => assert_eq!((&response.images, &response.error), (&item.images, &item.error)),
            None => drop(server.events_until_turn_end().await),
        }
        assert!(response.success || response.replayed, "{response:#?}");
        assert!(response.replayed || !self.promises.answered.contains("tool/call"), "an answered call is made again");
        !response.replayed
    }

    /// The model reads of every image of the thread.
    fn check_conversation(&self, thread: &Thread) {
        let requests = self.template.provider.requests_to("/responses");
        let last = String::from_utf8_lossy(&requests.last().expect("a request").body).into_owned();
        let images = image_items(thread).flat_map(|item| &item.images);
        let unknown: Vec<&str> = images.map(|image| &*image.id).filter(|id| !last.contains(*id)).collect();
        assert!(unknown.is_empty(), "the model does not read of {unknown:?} in {last}");
    }

    /// Every acknowledged thread and turn exists, and everything in them has ended. Returns the threads with their
    /// turns.
    async fn check_threads(&self, server: &mut Server) -> Vec<Thread> {
        let listed = server.request::<ThreadList>(&ThreadListParams::default()).await;
        assert!(listed.next_cursor.is_none());
        let ids: BTreeSet<String> = listed.data.iter().map(|thread| thread.id.to_string()).collect();
        let mut expected = if self.loss == Loss::Process { self.promises.threads.clone() } else { BTreeSet::new() };
        if self.scenario == Scenario::DeleteThread {
            if self.promises.answered.contains("thread/delete") {
                assert!(!ids.contains(&*self.template.thread_id), "a deleted thread is back");
            }
        } else if self.scenario != Scenario::FirstStart {
            expected.insert(self.template.thread_id.to_string());
        }
        assert!(ids.is_superset(&expected), "threads are missing: {ids:?} {expected:?}");
        let mut threads = Vec::new();
        for id in &ids {
            threads.push(server.request::<ThreadRead>(&read_params(id)).await.thread);
            assert_items_ended(server, id).await;
        }
        for turn in threads.iter().flat_map(|thread| &thread.turns) {
            assert!(turn.status != TurnStatus::InProgress && turn.completed_at.is_some(), "{turn:#?}");
            assert_eq!(turn.status == TurnStatus::Failed, turn.error.is_some(), "{turn:#?}");
        }
        if self.loss == Loss::Process {
            self.check_turns(&threads);
        }
        threads
    }

    /// Every acknowledged turn exists, and those that had ended have the status that was announced.
    fn check_turns(&self, threads: &[Thread]) {
        let turns: BTreeMap<&str, TurnStatus> =
            threads.iter().flat_map(|thread| &thread.turns).map(|turn| (&*turn.id, turn.status)).collect();
        for turn in &self.promises.turns {
            assert!(turns.contains_key(&**turn), "the turn {turn} was acknowledged and is missing");
        }
        for (turn, status) in &self.promises.ended_turns {
            let stored = serde_json::to_value(turns[&**turn]).expect("JSON");
            assert_eq!(stored, **status, "a turn that had ended has another status");
        }
    }

    /// Every image that was announced exists, every image is complete and has one record, and no other file is left.
    async fn check_images(&self, server: &mut Server, threads: &[Thread]) {
        let images = read_images(server).await;
        let handles: BTreeMap<String, String> =
            images.values().map(|image| (image.id.to_string(), image.facts.sha256.clone())).collect();
        let mut expected = self.promises.images.clone();
        let kept = self.template.images.iter().enumerate().filter(|(at, _)| {
            // A fork keeps the first image of the thread that is deleted.
            let is_deleted = match at {
                0 => self.scenario == Scenario::DeleteImage,
                _ => self.scenario == Scenario::DeleteThread,
            };
            !is_deleted
        });
        expected.extend(kept.map(|(_, image)| (image.id.to_string(), image.facts.sha256.clone())));
        for (handle, hash) in &expected {
            assert_eq!(handles.get(handle), Some(hash), "the image {handle} is lost");
        }
        if self.promises.answered.contains("image/delete") {
            assert!(!handles.contains_key(&*self.template.images[0].id), "a deleted image is back");
        }
        // An item shows one of an edit and its composite.
        let origin = |image: &ImageRecord| image.derived.as_ref().map(|derived| derived.from[0].to_string());
        let pairs = images.values().filter_map(|image| Some((image.id.to_string(), origin(image)?)));
        let composites: Vec<(String, String)> = pairs.collect();
        let mut on_disk: BTreeSet<PathBuf> = files_below(&self.sandbox.home().join("generated_images"));
        if self.scenario == Scenario::Composite {
            // A composite without a record is a whole image or an unfinished file, and can be made again.
            let is_composite = |path: &Path| is_unfinished(path) || DecodedPng::decode(&read_file(path)).width == 8;
            on_disk.retain(|path| images.contains_key(path) || !is_composite(path));
        }
        assert_eq!(on_disk, images.into_keys().collect(), "every file has a record, and every record its file");
        let shown = threads.iter().flat_map(image_items).flat_map(|item| &item.images).filter(|image| !image.deleted);
        let shown: BTreeSet<&str> = shown.map(|image| &*image.id).collect();
        let is_related = |handle: &str| {
            let mut pairs = composites.iter().filter(|(made, from)| made == handle || from == handle);
            pairs.any(|(made, from)| shown.contains(&**made) || shown.contains(&**from))
        };
        let is_in_item = |handle: &String| shown.contains(&**handle) || is_related(handle);
        assert!(handles.keys().all(is_in_item), "every image is in an item: {handles:?}");
    }

    /// Every request that was sent has an item that says whether it was billed, or a turn whose error does.
    fn check_billing(&self, threads: &[Thread], sent: usize) {
        let known: BTreeSet<&str> = self.template.images.iter().map(|image| &*image.id).collect();
        let items: Vec<&ImageGenerationItem> = threads
            .iter()
            .flat_map(image_items)
            .filter(|item| item.images.iter().all(|image| !known.contains(&*image.id)))
            .collect();
        let may_be_billed = |item: &&&ImageGenerationItem| {
            item.status == ImageStatus::Completed || item.error.as_ref().is_some_and(|error| error.billed != Billed::No)
        };
        let reported = items.iter().filter(may_be_billed).count();
        let notes = threads.iter().flat_map(|thread| &thread.turns).filter(|turn| turn.error.is_some()).count();
        let sent = sent + self.template.open_requests;
        assert!(reported + notes >= sent, "{sent} requests were sent: {items:#?}");
    }

    /// Only the scenario and what followed it have sent requests that may be billed, and none was sent twice.
    fn check_requests(&self, requests_before: usize, new_requests: usize) {
        let requests = self.template.provider.requests().split_off(requests_before);
        let count = count_billable(&requests);
        // The home whose power was cut is that of a process whose requests had all been sent before.
        let max_before = if self.loss == Loss::Power { 0 } else { self.scenario.max_requests() };
        assert!((new_requests..=max_before + new_requests).contains(&count), "{count} requests were sent");
        let mut keys = BTreeSet::new();
        for key in requests.iter().filter_map(|request| request.header("idempotency-key")) {
            assert!(keys.insert(key), "a request was sent twice");
        }
    }

    /// No file is left half written, in the home or where the client asked for one.
    fn check_files(&self) {
        let home = self.sandbox.home();
        let attachments = files_below(&home.join("attachments"));
        let (incoming, attachments): (Vec<_>, Vec<_>) =
            attachments.into_iter().partition(|path| path.starts_with(home.join("attachments/incoming")));
        assert!(incoming.is_empty(), "{incoming:?}");
        let stored = self.attachment_names();
        for path in attachments {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            assert!(name.starts_with(&sha256(&read_file(&path))), "{path:?} has other content than its name says");
            // After a power cut a file may be left whose row was not flushed.
            assert!(stored.contains(&name) || self.loss == Loss::Power, "{name} has no row");
        }
        if self.scenario != Scenario::FirstStart {
            let config = std::fs::read_to_string(home.join("config.toml")).expect("the configuration");
            let has = |value: &str| config.contains(&format!("{} = \"{value}\"", CHANGED_KEY.0));
            let is_changed = has(CHANGED_KEY.2);
            assert!(is_changed != has(CHANGED_KEY.1), "{config}");
            assert!(is_changed || !self.promises.answered.contains("config/value/write"), "{config}");
        }
        self.check_set();
        for path in list_recursively(&self.sandbox.project()) {
            if self.scenario == Scenario::ExportSet {
                continue;
            }
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            assert!(["copy.png", "mask.png", "photo.png"].contains(&&*name), "{path:?} is left");
            if name == "copy.png" {
                assert_eq!(sha256(&read_file(&path)), self.template.images[0].facts.sha256);
            }
        }
        assert!(
            self.sandbox.project().join("copy.png").exists() || !self.promises.answered.contains("image/export"),
            "an export is missing"
        );
        // The next change of the configuration replaces the new file.
        let known = ["config.toml", ".config.toml.new", "config.lock", "easel.db", "easel.db-wal", "easel.db-shm"];
        for path in std::fs::read_dir(&home).expect("the home").flatten().map(|entry| entry.path()) {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            assert!(path.is_dir() || known.contains(&&*name), "{path:?} is left");
        }
    }

    /// The files of a set are whole, and nothing else is left but a hidden folder.
    fn check_set(&self) {
        if self.scenario != Scenario::ExportSet {
            return;
        }
        let mut sides = BTreeSet::new();
        for entry in std::fs::read_dir(self.sandbox.project()).expect("the project").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Some(side) = name.strip_prefix("icon-").and_then(|name| name.strip_suffix(".png")) {
                assert_eq!(DecodedPng::decode(&read_file(entry.path())).width.to_string(), side);
                sides.insert(side.to_owned());
            } else {
                assert!(name.starts_with(".easel-export-"), "{name} is left");
            }
        }
        assert!(sides.len() == 2 || !self.promises.answered.contains("image/exportSet"), "a part of a set is missing");
    }

    /// The names of the files of users that a thread has.
    fn attachment_names(&self) -> BTreeSet<String> {
        let database = rusqlite::Connection::open(self.sandbox.home().join("easel.db")).expect("the database");
        let mut statement = database.prepare("SELECT path FROM images WHERE origin <> 'made'").expect("a table");
        let names = statement.query_map([], |row| row.get::<_, String>(0)).expect("rows");
        let name = |path: String| Path::new(&path).file_name().expect("a name").to_string_lossy().into_owned();
        names.map(|path| name(path.expect("a path"))).collect()
    }

    /// Nothing is open, and no process has a lock file, which would make its leases count.
    fn check_leases(&self) {
        let database = rusqlite::Connection::open(self.sandbox.home().join("easel.db")).expect("the database");
        for query in [
            "SELECT count(*) FROM turns WHERE owner IS NOT NULL",
            "SELECT count(*) FROM calls WHERE outcome IS NULL",
            "SELECT count(*) FROM hosted_requests",
            "SELECT count(*) FROM ledger WHERE outcome IS NULL",
            // A folder stays queued while a fork uses a file in it.
            "SELECT count(*) FROM removals WHERE path LIKE '%.%'",
            "SELECT count(*) FROM images WHERE taken_by IS NOT NULL",
        ] {
            let count: u32 = database.query_row(query, [], |row| row.get(0)).expect("a count");
            assert_eq!(count, 0, "{query}");
        }
        let locks = files_below(&self.sandbox.home().join("run"));
        let locks: Vec<_> = locks.iter().filter(|path| path.extension().is_some_and(|name| name == "lock")).collect();
        assert!(locks.is_empty(), "{locks:?}");
    }
}

/// The files in a folder, at any depth.
fn files_below(folder: &Path) -> BTreeSet<PathBuf> {
    list_recursively(folder).into_iter().filter(|path| path.is_file()).collect()
}

fn image_items(thread: &Thread) -> impl Iterator<Item = &ImageGenerationItem> {
    thread.turns.iter().flat_map(|turn| &turn.items).filter_map(as_image)
}

async fn assert_items_ended(server: &mut Server, thread_id: &str) {
    let mut params = items_list_params(thread_id);
    loop {
        let page = server.request::<ThreadItemsList>(&params).await;
        for entry in page.data {
            assert!(entry.completed_at_ms.is_some(), "{entry:#?}");
            let ThreadItem::ImageGeneration(item) = &entry.item else { continue };
            let is_deleted = item.images.iter().any(|image| image.deleted);
            let completed = item.status == ImageStatus::Completed
                && !item.images.is_empty()
                && (item.saved_path.is_some() || is_deleted)
                && item.error.is_none();
            let failed = item.status == ImageStatus::Failed
                && item.images.is_empty()
                && item.saved_path.is_none()
                && item.error.is_some();
            assert!(completed || failed, "{item:#?}");
        }
        let Some(cursor) = page.next_cursor else { return };
        params = ThreadItemsListParams { cursor: Some(cursor), ..params };
    }
}

/// Returns whether a file has no final name yet.
fn is_unfinished(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// Returns whether a PNG file has its last chunk, without its length.
fn is_whole_image(path: &Path) -> bool {
    read_file(path).ends_with(b"IEND\xaeB`\x82")
}
