//! The expected state of the server as plain data: threads with their history, the process that has each loaded, and
//! its subscribers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The index of a process.
pub(super) type ProcessIndex = usize;
/// The index of a client, which has one connection.
pub(super) type ClientIndex = usize;

/// The process of each client. Two clients are connected to the listening process, one to the other.
pub(super) const PROCESS_OF_CLIENT: [ProcessIndex; 3] = [0, 0, 1];

/// Whether a turn ends by itself, or only when it is interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    Quick,
    Endless,
}

#[derive(Debug)]
pub(super) struct Thread {
    pub(super) id: String,
    /// Unix time in seconds, by which lists are sorted.
    pub(super) created_at: i64,
    pub(super) pace: Pace,
    /// Visible to its process only. It ends with its last subscriber.
    pub(super) ephemeral: bool,
    pub(super) name: Option<String>,
    pub(super) model: Value,
    /// The reasoning effort.
    pub(super) effort: Value,
    pub(super) cwd: Value,
    /// The branch of its Git metadata.
    pub(super) branch: Option<String>,
    pub(super) archived: bool,
    /// Ended turns, as they were read after their end.
    pub(super) turns: Vec<Turn>,
    /// Images in the order in which the thread got them, including those of reverted turns.
    pub(super) images: Vec<Image>,
    /// The process that has the thread loaded and is its only writer.
    pub(super) writer: Option<ProcessIndex>,
    /// The clients that get its events.
    pub(super) subscribers: BTreeSet<ClientIndex>,
    pub(super) running: Option<Running>,
}

#[derive(Debug, Clone)]
pub(super) struct Turn {
    pub(super) id: String,
    pub(super) read: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) handle: String,
    pub(super) sha256: String,
    pub(super) path: String,
    pub(super) turn_id: String,
    /// Its turn was reverted, so forks do not get it.
    pub(super) withdrawn: bool,
    /// Deleted from its thread and marked in history.
    pub(super) deleted: bool,
}

#[derive(Debug, Default)]
pub(super) struct Running {
    pub(super) id: String,
    /// The clients that have received all events from the start of the turn.
    pub(super) subscribers_at_start: BTreeSet<ClientIndex>,
    /// The methods of the events so far, by client.
    pub(super) events: BTreeMap<ClientIndex, Vec<String>>,
    /// Images that some client has received in an event.
    pub(super) announced_images: BTreeSet<String>,
    /// The turn compacts the conversation and has no message.
    pub(super) is_compaction: bool,
    /// The turn runs the call of a client and has no message.
    pub(super) is_host: bool,
    /// The number of steering messages.
    pub(super) steers: usize,
    /// Clients that were the last subscriber and unsubscribed. One of them is notified when the thread is unloaded.
    pub(super) last_unsubscribers: BTreeSet<ClientIndex>,
    /// A last subscriber disconnected, so nobody may be notified.
    pub(super) last_subscriber_disconnected: bool,
}

#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) threads: Vec<Thread>,
    /// Ids of threads that were deleted or have ended.
    pub(super) removed_ids: Vec<String>,
    /// Ephemeral threads that have ended. Their images remain.
    pub(super) ended: Vec<Thread>,
    /// Every image that ever existed.
    pub(super) images: BTreeMap<String, Image>,
    /// Images whose files a user has removed.
    pub(super) missing_files: BTreeSet<String>,
}

impl Thread {
    pub(super) fn turn_ids(&self) -> Vec<String> {
        self.turns.iter().map(|turn| turn.id.clone()).collect()
    }

    pub(super) fn recorded_turns(&self) -> Vec<Value> {
        self.turns.iter().map(|turn| turn.read.clone()).collect()
    }

    /// Handles of the images that are not deleted.
    pub(super) fn handles(&self) -> Vec<String> {
        self.images.iter().filter(|image| !image.deleted).map(|image| image.handle.clone()).collect()
    }

    pub(super) fn shows(&self, handle: &str) -> bool {
        self.images.iter().any(|image| image.handle == handle && !image.deleted)
    }

    /// Deletes an image, as record and item of the history must show it.
    pub(super) fn delete_image(&mut self, handle: &str) {
        self.images.iter_mut().filter(|image| image.handle == handle).for_each(|image| image.deleted = true);
        for item in self.turns.iter_mut().flat_map(|turn| turn.read["items"].as_array_mut().expect("items")) {
            let Some(images) = item.get_mut("images").and_then(Value::as_array_mut) else { continue };
            let Some(image) = images.iter_mut().find(|image| image["id"] == *handle) else { continue };
            image["deleted"] = Value::Bool(true);
            let left = images.iter().find(|image| image["deleted"] != true);
            item["savedPath"] = left.map_or(Value::Null, |image| image["path"].clone());
        }
    }

    /// Whether a file of its images was removed. An edit of it may fail.
    pub(super) fn has_missing_file(&self, missing_files: &BTreeSet<String>) -> bool {
        self.images.iter().any(|image| missing_files.contains(&image.handle))
    }

    pub(super) fn has_quick_turn(&self) -> bool {
        self.running.is_some() && self.pace == Pace::Quick
    }

    /// Adds a turn that was read after its end. Returns its images, which now belong to the thread.
    pub(super) fn add_turn(&mut self, read: Value) -> Vec<Image> {
        let id = text(&read["id"]);
        let images = images_in(&read);
        self.images.extend(images.iter().cloned());
        self.turns.push(Turn { id, read });
        images
    }
}

/// The images that a turn generated.
pub(super) fn images_in(turn: &Value) -> Vec<Image> {
    let turn_id = text(&turn["id"]);
    let items = turn["items"].as_array().expect("items").iter();
    let records = items.filter_map(|item| item["images"].as_array()).flatten();
    records.map(|record| image_of(record, &turn_id)).collect()
}

/// The image that a record describes.
pub(super) fn image_of(record: &Value, turn_id: &str) -> Image {
    Image {
        handle: text(&record["id"]),
        sha256: text(&record["sha256"]),
        path: text(&record["path"]),
        turn_id: turn_id.to_owned(),
        withdrawn: false,
        deleted: false,
    }
}

impl Model {
    pub(super) fn thread(&self, id: &str) -> Option<&Thread> {
        self.threads.iter().find(|thread| thread.id == id)
    }

    pub(super) fn thread_mut(&mut self, id: &str) -> &mut Thread {
        self.threads.iter_mut().find(|thread| thread.id == id).expect("a thread of the model")
    }

    /// A thread, if it is visible to the client's process.
    pub(super) fn visible_thread(&self, client: ClientIndex, id: &str) -> Option<&Thread> {
        self.thread(id).filter(|thread| !thread.ephemeral || thread.writer == Some(PROCESS_OF_CLIENT[client]))
    }

    /// All threads with images, including ended ones.
    pub(super) fn threads_with_images(&self) -> impl Iterator<Item = &Thread> {
        self.threads.iter().chain(&self.ended)
    }

    pub(super) fn thread_with_images_mut(&mut self, id: &str) -> &mut Thread {
        self.threads.iter_mut().chain(&mut self.ended).find(|thread| thread.id == id).expect("a thread of the model")
    }

    /// Ids of the archived threads or of the others, newest first, as lists have them.
    pub(super) fn listed_ids(&self, archived: bool) -> Vec<String> {
        let is_listed = |thread: &&Thread| thread.archived == archived && !thread.ephemeral;
        let mut threads: Vec<&Thread> = self.threads.iter().filter(is_listed).collect();
        threads.sort_by_key(|thread| (thread.created_at, thread.id.clone()));
        threads.iter().rev().map(|thread| thread.id.clone()).collect()
    }

    /// Handles that at least one thread shows.
    pub(super) fn shown_handles(&self) -> BTreeSet<String> {
        self.threads_with_images().flat_map(Thread::handles).collect()
    }

    /// Whether some thread had the image and marks it as deleted.
    pub(super) fn is_marked_deleted(&self, handle: &str) -> bool {
        self.threads_with_images()
            .flat_map(|thread| &thread.images)
            .any(|image| image.handle == handle && image.deleted)
    }
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}
