//! Requests that only read. Every client sees all finished turns, whichever process has the thread loaded.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::random::model::{ClientIndex, PROCESS_OF_CLIENT, text};
use crate::random::world::World;

impl World {
    pub(in crate::random) fn list(&mut self, client: ClientIndex) {
        let archived = self.rng.one_in(3);
        let listed = self.read_pages(client, "thread/list", &json!({ "archived": archived })).expect("a list");
        let ids: Vec<String> = listed.iter().map(|thread| text(&thread["id"])).collect();
        assert_eq!(ids, self.model.listed_ids(archived));
        for thread in &listed {
            self.assert_thread(client, thread);
        }
    }

    pub(in crate::random) fn read(&mut self, client: ClientIndex, id: &str) {
        let response = self.call(client, "thread/read", &json!({ "threadId": id, "includeTurns": true }));
        if self.model.visible_thread(client, id).is_none() {
            return assert_eq!(response, Err(format!("-32600 thread {id} not found")));
        }
        let mut thread = response.expect("a thread")["thread"].take();
        self.assert_history(id, thread["turns"].take());
        self.assert_thread(client, &thread);
    }

    pub(in crate::random) fn list_turns(&mut self, client: ClientIndex, id: &str) {
        let downwards = self.rng.one_in(2);
        let direction = if downwards { "desc" } else { "asc" };
        let params = json!({ "threadId": id, "itemsView": "full", "sortDirection": direction });
        let turns = self.read_pages(client, "thread/turns/list", &params);
        if self.model.visible_thread(client, id).is_none() {
            return assert_eq!(turns, Err(format!("-32600 thread {id} not found")));
        }
        let mut turns = turns.expect("turns");
        if downwards {
            turns.reverse();
        }
        self.assert_history(id, Value::Array(turns));
    }

    pub(in crate::random) fn list_items(&mut self, client: ClientIndex, id: &str) {
        let items = self.read_pages(client, "thread/items/list", &json!({ "threadId": id }));
        let Some(thread) = self.model.visible_thread(client, id) else {
            return assert_eq!(items, Err(format!("-32600 thread {id} not found")));
        };
        let mut items = items.expect("items");
        if let Some(running) = &thread.running {
            items.retain(|entry| entry["turnId"] != *running.id);
        }
        let items: Vec<Value> = items.iter_mut().map(|entry| entry["item"].take()).collect();
        let reads = thread.recorded_turns();
        let expected: Vec<Value> =
            reads.iter().flat_map(|turn| turn["items"].as_array().expect("items").clone()).collect();
        assert_eq!(items, expected);
    }

    /// Ended turns must be as they were at their end. A running turn may follow.
    pub(in crate::random) fn assert_history(&self, id: &str, turns: Value) {
        let Value::Array(mut turns) = turns else { panic!("no turns: {turns}") };
        let thread = self.model.thread(id).expect("a thread of the model");
        if let (Some(running), Some(last)) = (&thread.running, turns.last())
            && last["id"] == *running.id
        {
            turns.pop();
        }
        assert_eq!(turns, thread.recorded_turns());
    }

    pub(in crate::random) fn assert_thread(&self, client: ClientIndex, read: &Value) {
        let thread = self.model.thread(&text(&read["id"])).expect("a thread of the model");
        assert_eq!(
            (&read["name"], &read["model"], &read["reasoningEffort"], &read["cwd"], &read["gitInfo"]["branch"]),
            (&json!(thread.name), &thread.model, &thread.effort, &thread.cwd, &json!(thread.branch)),
            "{read:#}"
        );
        let here = thread.writer == Some(PROCESS_OF_CLIENT[client]);
        let status = match (&thread.running, here) {
            (_, false) => "notLoaded",
            (Some(_), true) if thread.has_quick_turn() => return,
            (Some(_), true) => "active",
            (None, true) => "idle",
        };
        assert_eq!(read["status"]["type"], status, "{read:#}");
    }

    /// The ids of loaded threads, except those that may be unloaded at any time.
    pub(in crate::random) fn list_loaded(&mut self, client: ClientIndex) {
        let mut loaded = self.loaded_ids(client);
        let mut expected = BTreeSet::new();
        for thread in self.model.threads.iter().filter(|thread| thread.writer == Some(PROCESS_OF_CLIENT[client])) {
            if thread.has_quick_turn() && thread.subscribers.is_empty() {
                loaded.remove(&thread.id);
            } else {
                expected.insert(thread.id.clone());
            }
        }
        assert_eq!(loaded, expected);
    }

    pub(in crate::random) fn loaded_ids(&mut self, client: ClientIndex) -> BTreeSet<String> {
        self.read_pages(client, "thread/loaded/list", &json!({})).expect("a list").iter().map(text).collect()
    }

    /// All entries of a list, read in pages of random size.
    pub(in crate::random) fn read_pages(
        &mut self,
        client: ClientIndex,
        method: &str,
        params: &Value,
    ) -> Result<Vec<Value>, String> {
        let mut params = params.clone();
        params["limit"] = json!(1 + self.rng.below(8));
        let mut entries = Vec::new();
        loop {
            let mut page = self.call(client, method, &params)?;
            entries.append(page["data"].as_array_mut().expect("entries"));
            params["cursor"] = page["nextCursor"].take();
            if params["cursor"].is_null() {
                return Ok(entries);
            }
        }
    }
}
