//! Requests that create, fork, archive, revert and delete threads.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::random::model::{ClientIndex, Image, PROCESS_OF_CLIENT, Pace, ProcessIndex, Thread, Turn, text};
use crate::random::world::{CallResult, Notice, World};

/// More threads or turns would make a run slow and find nothing new.
const MAX_THREADS: usize = 12;
const MAX_TURNS: usize = 6;

impl World {
    pub(in crate::random) fn start_thread(&mut self, client: ClientIndex) {
        if self.model.threads.len() >= MAX_THREADS {
            return;
        }
        let (pace, provider) = if self.rng.one_in(4) { (Pace::Endless, "endless") } else { (Pace::Quick, "preview") };
        let params = json!({ "modelProvider": provider, "ephemeral": self.rng.one_in(5) });
        let thread = self.request(client, "thread/start", &params)["thread"].take();
        let thread = new_thread(client, pace, &thread);
        let notice = (client, "thread/started".to_owned(), thread.id.clone());
        self.model.threads.push(thread);
        self.expect_notices(vec![notice]);
    }

    pub(in crate::random) fn fork(&mut self, client: ClientIndex, id: &str) {
        self.finish_quick_turn(id);
        let turns = self.model.thread(id).map(Thread::turn_ids).unwrap_or_default();
        let last = self.rng.choose(&turns).cloned().filter(|_| self.rng.one_in(2));
        let params = json!({ "threadId": id, "lastTurnId": last, "ephemeral": self.rng.one_in(4) });
        let response = self.call(client, "thread/fork", &params);
        let Some(source) = self.model.visible_thread(client, id) else { return assert_eq!(response, not_found(id)) };
        let mut response = response.expect("a fork");
        let end = last.map_or(turns.len(), |last| turns.iter().position(|turn| *turn == last).expect("a turn") + 1);
        let turns: Vec<Turn> = source.turns[..end].to_vec();
        let is_kept = |image: &&Image| !image.withdrawn && turns.iter().any(|turn| turn.id == image.turn_id);
        let images: Vec<Image> = source.images.iter().filter(is_kept).cloned().collect();
        let thread = Thread { images, turns, ..new_thread(client, source.pace, &response["thread"]) };
        assert_eq!(response["thread"]["turns"].take(), Value::Array(thread.recorded_turns()));
        assert_eq!(response["thread"]["forkedFromId"], id);
        let notice = (client, "thread/started".to_owned(), thread.id.clone());
        self.model.threads.push(thread);
        self.expect_notices(vec![notice]);
        self.delete_if_too_many(client);
    }

    /// Deletes a thread if there are too many.
    fn delete_if_too_many(&mut self, client: ClientIndex) {
        let ids: Vec<String> = self.model.threads.iter().map(|thread| thread.id.clone()).collect();
        if ids.len() > MAX_THREADS {
            let id = self.rng.choose(&ids).expect("a thread").clone();
            self.delete(client, &id);
        }
    }

    pub(in crate::random) fn archive(&mut self, client: ClientIndex, id: &str) {
        let is_ephemeral = |thread: &Thread| {
            thread.ephemeral.then(|| format!("-32600 thread {id} is ephemeral and cannot be archived"))
        };
        let refusal = self.rewrite_error(client, id).or_else(|| self.model.thread(id).and_then(is_ephemeral));
        let Some(refusal) = refusal else {
            assert_eq!(self.call(client, "thread/archive", &json!({ "threadId": id })), Ok(json!({})));
            self.expect_notices(self.notices_for(client, id, "thread/archived"));
            let thread = self.model.thread_mut(id);
            (thread.archived, thread.writer) = (true, None);
            thread.subscribers.clear();
            return;
        };
        assert_eq!(self.call(client, "thread/archive", &json!({ "threadId": id })), Err(refusal));
    }

    pub(in crate::random) fn unarchive(&mut self, client: ClientIndex, id: &str) {
        let response = self.call(client, "thread/unarchive", &json!({ "threadId": id }));
        if let Some(refusal) = self.write_error(client, id) {
            return assert_eq!(response, Err(refusal));
        }
        assert_eq!(response.expect("a thread")["thread"]["id"], id);
        self.model.thread_mut(id).archived = false;
        self.expect_notices(self.notices_for(client, id, "thread/unarchived"));
    }

    pub(in crate::random) fn delete(&mut self, client: ClientIndex, id: &str) {
        self.finish_quick_turn(id);
        if let Some(refusal) = self.write_error(client, id) {
            return assert_eq!(self.call(client, "thread/delete", &json!({ "threadId": id })), Err(refusal));
        }
        assert_eq!(self.call(client, "thread/delete", &json!({ "threadId": id })), Ok(json!({})));
        self.expect_notices(self.notices_for(client, id, "thread/deleted"));
        self.model.threads.retain(|thread| thread.id != id);
        self.model.removed_ids.push(id.to_owned());
    }

    /// Reverts to a random turn.
    pub(in crate::random) fn revert(&mut self, client: ClientIndex, id: &str) {
        let refusal = self.rewrite_error(client, id);
        let turns = self.model.thread(id).map(Thread::turn_ids).unwrap_or_default();
        let first = self.rng.choose(&turns).cloned().unwrap_or_else(|| "none".to_owned());
        let response = self.call(client, "thread/revert", &json!({ "threadId": id, "beforeTurnId": first }));
        if let Some(refusal) = refusal {
            return assert_eq!(response, Err(refusal));
        }
        if turns.is_empty() {
            return assert_eq!(response, Err(format!("-32600 thread {id} has no turn none")));
        }
        assert_eq!(response.expect("a thread")["thread"]["id"], id);
        self.revert_in_model(id, &first);
        self.expect_notices(self.notices_for(client, id, "thread/reverted"));
    }

    /// Removes a turn and all later ones from the model.
    pub(in crate::random) fn revert_in_model(&mut self, id: &str, first: &str) {
        let thread = self.model.thread_mut(id);
        let missing_files =
            thread.turns.split_off(thread.turns.iter().position(|turn| turn.id == first).expect("a turn"));
        for image in &mut thread.images {
            image.withdrawn |= missing_files.iter().any(|turn| turn.id == image.turn_id);
        }
    }

    pub(in crate::random) fn turn_or_revert(&mut self, client: ClientIndex, id: &str) {
        if self.model.thread(id).is_some_and(|thread| thread.turns.len() >= MAX_TURNS) {
            self.revert(client, id);
        } else {
            self.start_turn(client, id);
        }
    }

    /// The notifications of a change, for all subscribers and for the client that caused it.
    pub(in crate::random) fn notices_for(&self, cause: ClientIndex, id: &str, method: &str) -> Vec<Notice> {
        let mut clients: BTreeSet<ClientIndex> =
            self.model.thread(id).map(|thread| thread.subscribers.clone()).unwrap_or_default();
        clients.insert(cause);
        clients.into_iter().map(|client| (client, method.to_owned(), id.to_owned())).collect()
    }

    /// The error of a write to a thread by this client, if it is not allowed.
    pub(in crate::random) fn write_error(&self, client: ClientIndex, id: &str) -> Option<String> {
        let Some(thread) = self.model.visible_thread(client, id) else {
            return Some(format!("-32600 thread {id} not found"));
        };
        let other = thread.writer.filter(|writer| *writer != PROCESS_OF_CLIENT[client])?;
        Some(self.in_use_error(id, other))
    }

    pub(in crate::random) fn in_use_error(&self, id: &str, writer: ProcessIndex) -> String {
        format!("-32600 thread {id} is in use by another Easel, process {}", self.pids[writer])
    }

    /// The error of a change of its history, which is also refused during a turn.
    pub(in crate::random) fn rewrite_error(&mut self, client: ClientIndex, id: &str) -> Option<String> {
        self.finish_quick_turn(id);
        let running = |thread: &Thread| thread.running.as_ref().map(|running| running.id.clone());
        let running = self
            .model
            .visible_thread(client, id)
            .filter(|thread| thread.writer == Some(PROCESS_OF_CLIENT[client]))
            .and_then(running);
        // For a turn that runs in another process, the error names the writer.
        running.map(|turn| format!("-32600 turn {turn} is still running")).or_else(|| self.write_error(client, id))
    }
}

fn not_found(id: &str) -> CallResult {
    Err(format!("-32600 thread {id} not found"))
}

fn new_thread(client: ClientIndex, pace: Pace, response: &Value) -> Thread {
    Thread {
        id: text(&response["id"]),
        created_at: response["createdAt"].as_i64().expect("seconds"),
        pace,
        ephemeral: response["ephemeral"] == true,
        name: None,
        model: response["model"].clone(),
        effort: response["reasoningEffort"].clone(),
        cwd: response["cwd"].clone(),
        branch: None,
        archived: false,
        turns: Vec::new(),
        images: Vec::new(),
        writer: Some(PROCESS_OF_CLIENT[client]),
        subscribers: BTreeSet::from([client]),
        running: None,
    }
}
