//! What reads: any connection sees all that is finished, whichever process has it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::model::{PROCESS_OF, Seat, text};
use super::world::World;

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
        if self.model.seen(seat, id).is_none() {
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
        if self.model.seen(seat, id).is_none() {
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
        let Some(thread) = self.model.seen(seat, id) else {
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

    pub(super) fn matches_thread(&self, seat: Seat, read: &Value) {
        let thread = self.model.thread(&text(&read["id"])).expect("a thread of the model");
        assert_eq!(
            (&read["name"], &read["model"], &read["cwd"], &read["gitInfo"]["branch"]),
            (&json!(thread.name), &thread.model, &thread.cwd, &json!(thread.branch)),
            "{read:#}"
        );
        let here = thread.writer == Some(PROCESS_OF[seat]);
        let status = match (&thread.running, here) {
            (_, false) => "notLoaded",
            (Some(_), true) if thread.runs_quickly() => return,
            (Some(_), true) => "active",
            (None, true) => "idle",
        };
        assert_eq!(read["status"]["type"], status, "{read:#}");
    }

    /// The ids of the threads in memory, but for those that may leave it at any moment.
    pub(super) fn loaded_list(&mut self, seat: Seat) {
        let mut loaded = self.loaded(seat);
        let mut expected = BTreeSet::new();
        for thread in self.model.threads.iter().filter(|thread| thread.writer == Some(PROCESS_OF[seat])) {
            if thread.runs_quickly() && thread.ears.is_empty() {
                loaded.remove(&thread.id);
            } else {
                expected.insert(thread.id.clone());
            }
        }
        assert_eq!(loaded, expected);
    }

    pub(super) fn loaded(&mut self, seat: Seat) -> BTreeSet<String> {
        self.pages(seat, "thread/loaded/list", &json!({})).expect("a list").iter().map(text).collect()
    }

    /// All entries of a list, by pages of any size.
    pub(super) fn pages(&mut self, seat: Seat, method: &str, wish: &Value) -> Result<Vec<Value>, String> {
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
