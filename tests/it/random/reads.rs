//! What reads: any connection sees all that is finished, whichever process has it.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::model::{PROCESS_OF, Seat, Thread, text};
use super::world::World;
use crate::harness::pictures::sha256;

impl World {
    pub(super) fn list(&mut self, seat: Seat) {
        let archived = self.dice.once_in(3);
        let listed = self.pages(seat, "thread/list", &json!({ "archived": archived })).expect("a list");
        let ids: Vec<String> = listed.iter().map(|thread| text(&thread["id"])).collect();
        assert_eq!(ids, self.model.listed(archived));
        for thread in &listed {
            self.matches_thread(seat, thread);
        }
    }

    pub(super) fn read(&mut self, seat: Seat, id: &str) {
        let answer = self.call(seat, "thread/read", &json!({ "threadId": id, "includeTurns": true }));
        if self.model.thread(id).is_none() {
            return assert_eq!(answer, Err(format!("-32600 thread {id} not found")));
        }
        let mut thread = answer.expect("a thread")["thread"].take();
        self.matches_history(id, thread["turns"].take());
        self.matches_thread(seat, &thread);
    }

    pub(super) fn turns_list(&mut self, seat: Seat, id: &str) {
        let downwards = self.dice.once_in(2);
        let direction = if downwards { "desc" } else { "asc" };
        let wish = json!({ "threadId": id, "itemsView": "full", "sortDirection": direction });
        let turns = self.pages(seat, "thread/turns/list", &wish);
        if self.model.thread(id).is_none() {
            return assert_eq!(turns, Err(format!("-32600 thread {id} not found")));
        }
        let mut turns = turns.expect("turns");
        if downwards {
            turns.reverse();
        }
        self.matches_history(id, Value::Array(turns));
    }

    pub(super) fn items_list(&mut self, seat: Seat, id: &str) {
        let items = self.pages(seat, "thread/items/list", &json!({ "threadId": id }));
        let Some(thread) = self.model.thread(id) else {
            return assert_eq!(items, Err(format!("-32600 thread {id} not found")));
        };
        let mut items = items.expect("items");
        if let Some(running) = &thread.running {
            items.retain(|entry| entry["turnId"] != *running.id);
        }
        let items: Vec<Value> = items.iter_mut().map(|entry| entry["item"].take()).collect();
        let reads = thread.reads();
        let expected: Vec<Value> =
            reads.iter().flat_map(|turn| turn["items"].as_array().expect("items").clone()).collect();
        assert_eq!(items, expected);
    }

    /// Of one thread, or of all.
    pub(super) fn image_list(&mut self, seat: Seat, id: Option<&str>) {
        if let Some(id) = id {
            self.settle(id);
        }
        let mut listed = self.pages(seat, "image/list", &json!({ "threadId": id })).expect("images");
        // What runs may have made images that are not told yet.
        let runs = |thread: &&Thread| thread.running.is_some();
        let running: Vec<&str> = self.model.threads.iter().filter(runs).map(|thread| thread.id.as_str()).collect();
        let shown = self.model.shown();
        listed.retain(|entry| {
            let is_known = shown.contains(&text(&entry["image"]["id"]));
            is_known || !running.contains(&entry["threadId"].as_str().expect("a thread"))
        });
        let handles: Vec<String> = listed.iter().map(|entry| text(&entry["image"]["id"])).collect();
        for (handle, entry) in handles.iter().zip(&listed) {
            let known = self.model.images.get(handle).unwrap_or_else(|| panic!("an unknown image: {entry:#}"));
            assert_eq!(
                (&entry["image"]["sha256"], &entry["image"]["path"]),
                (&json!(known.sha256), &json!(known.path))
            );
        }
        let Some(id) = id else {
            let unique: BTreeSet<String> = handles.iter().cloned().collect();
            assert_eq!((unique.len(), unique), (handles.len(), shown));
            return;
        };
        let mut expected = self.model.thread(id).map(Thread::handles).unwrap_or_default();
        expected.reverse();
        assert_eq!(handles, expected);
    }

    /// Any image that there ever was, by chunks of any size.
    pub(super) fn image_read(&mut self, seat: Seat) {
        let handles: Vec<String> = self.model.images.keys().cloned().collect();
        if let Some(handle) = self.dice.one_of(&handles) {
            self.read_image(seat, handle);
        }
    }

    pub(super) fn read_image(&mut self, seat: Seat, handle: &str) {
        if !self.model.shown().contains(handle) {
            let answer = self.call(seat, "image/read", &json!({ "imageId": handle, "offset": 0 }));
            return assert_eq!(answer, Err(format!("-32600 image {handle} not found")));
        }
        let length = 256 + self.dice.below(4096);
        let (mut bytes, mut offset) = (Vec::new(), json!(0));
        while !offset.is_null() {
            let wish = json!({ "imageId": handle, "offset": offset, "length": length });
            let mut answer = self.result(seat, "image/read", &wish);
            bytes.extend(STANDARD.decode(text(&answer["chunk"]["data"])).expect("base64"));
            offset = answer["chunk"]["nextOffset"].take();
        }
        assert_eq!(sha256(&bytes), self.model.images[handle].sha256);
    }

    /// The turns that ended are what they were at their end; one that runs may follow.
    pub(super) fn matches_history(&self, id: &str, turns: Value) {
        let Value::Array(mut turns) = turns else { panic!("no turns: {turns}") };
        let thread = self.model.thread(id).expect("a thread of the model");
        if let (Some(running), Some(last)) = (&thread.running, turns.last())
            && last["id"] == *running.id
        {
            turns.pop();
        }
        assert_eq!(turns, thread.reads());
    }

    fn matches_thread(&self, seat: Seat, read: &Value) {
        let thread = self.model.thread(&text(&read["id"])).expect("a thread of the model");
        assert_eq!(read["name"], json!(thread.name));
        let here = thread.writer == Some(PROCESS_OF[seat]);
        let status = match (&thread.running, here) {
            (_, false) => "notLoaded",
            (Some(_), true) if thread.runs_quickly() => return,
            (Some(_), true) => "active",
            (None, true) => "idle",
        };
        assert_eq!(read["status"]["type"], status, "{read:#}");
    }

    /// All entries of a list, by pages of any size.
    fn pages(&mut self, seat: Seat, method: &str, wish: &Value) -> Result<Vec<Value>, String> {
        let mut wish = wish.clone();
        wish["limit"] = json!(1 + self.dice.below(8));
        let mut entries = Vec::new();
        loop {
            let mut page = self.call(seat, method, &wish)?;
            entries.append(page["data"].as_array_mut().expect("entries"));
            wish["cursor"] = page["nextCursor"].take();
            if wish["cursor"].is_null() {
                return Ok(entries);
            }
        }
    }
}
