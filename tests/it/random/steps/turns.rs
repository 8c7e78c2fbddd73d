//! Turns, from their start to their end and their history.

use serde_json::{Value, json};

use crate::random::model::{ClientIndex, PROCESS_OF_CLIENT, Pace, Running, Thread, images_in, text};
use crate::random::world::World;

/// Small images, so that a run has many.
const PROMPTS: [&str; 4] =
    ["draw a red square, 64x64", "draw two blue circles, 96x64", "make it green, 64x64", "edit this, 64x96"];

/// With more messages, requests would be refused.
const MAX_STEERS: usize = 20;

impl World {
    pub(in crate::random) fn start_turn(&mut self, client: ClientIndex, id: &str) {
        self.finish_quick_turn(id);
        let params = *self.rng.choose(&PROMPTS).expect("a wish");
        let model = self.rng.one_in(4).then(|| self.some_model());
        let effort = self.rng.one_in(4).then(|| json!(*self.rng.choose(&["low", "high"]).expect("an effort")));
        // The images and the end of a turn do not depend on it.
        let closing_answer = self.rng.one_in(3).then_some(false);
        let params = json!({
            "threadId": id, "input": [{ "type": "text", "text": params }], "model": model, "effort": effort,
            "closingAnswer": closing_answer,
        });
        let response = self.call(client, "turn/start", &params);
        if let Some(refusal) = self.write_error(client, id) {
            return assert_eq!(response, Err(refusal));
        }
        if let Some(refusal) = self.turn_error(client, id) {
            return assert_eq!(response, Err(refusal));
        }
        let turn_id = text(&response.expect("a turn")["turn"]["id"]);
        let thread = self.model.thread_mut(id);
        let subscribers_at_start = thread.subscribers.clone();
        thread.running = Some(Running { id: turn_id, subscribers_at_start, ..Running::default() });
        let before = (thread.model.clone(), thread.effort.clone());
        let settings = (model.unwrap_or_else(|| before.0.clone()), effort.unwrap_or_else(|| before.1.clone()));
        if settings != before {
            (thread.model, thread.effort) = settings;
            self.expect_notices(self.notices_for(client, id, "thread/settings/updated"));
        }
    }

    /// Whether the client's process has the thread loaded.
    pub(in crate::random) fn is_loaded_here(&self, client: ClientIndex, id: &str) -> bool {
        self.model.visible_thread(client, id).is_some_and(|thread| thread.writer == Some(PROCESS_OF_CLIENT[client]))
    }

    pub(in crate::random) fn interrupt(&mut self, client: ClientIndex, id: &str) {
        if self.model.thread(id).is_some_and(Thread::has_quick_turn) {
            self.finish_quick_turn(id);
        }
        let (turn_id, refusal) = self.choose_turn_id(client, id, "interrupt");
        let response = self.call(client, "turn/interrupt", &json!({ "threadId": id, "turnId": turn_id }));
        if let Some(refusal) = refusal {
            return assert_eq!(response, Err(refusal));
        }
        assert_eq!(response, Ok(json!({})));
        self.finish_turn(id, "interrupted");
    }

    /// Compacts the conversation. Its history and its images must stay the same for clients.
    pub(in crate::random) fn compact(&mut self, client: ClientIndex, id: &str) {
        self.finish_quick_turn(id);
        let response = self.call(client, "thread/compact/start", &json!({ "threadId": id }));
        if let Some(refusal) = self.write_error(client, id).or_else(|| self.turn_error(client, id)) {
            return assert_eq!(response, Err(refusal));
        }
        assert_eq!(response, Ok(json!({})));
        let thread = self.model.thread_mut(id);
        let subscribers_at_start = thread.subscribers.clone();
        thread.running = Some(Running { subscribers_at_start, is_compaction: true, ..Running::default() });
        self.finish_turn(id, "completed");
    }

    /// Calls the image tool as a client with its own model loop does, and sends the call again.
    pub(in crate::random) fn call_tool(&mut self, client: ClientIndex, id: &str) {
        self.finish_quick_turn(id);
        if self.model.thread(id).is_some_and(|thread| thread.running.is_none() && thread.pace != Pace::Quick) {
            return;
        }
        let params = json!({
            "threadId": id, "callId": format!("toolu_{}", self.next_id), "tool": "imagegen", "pictures": "none",
            "arguments": { "prompt": "a red square", "size": "64x64" },
        });
        let refusal = self.write_error(client, id).or_else(|| self.turn_error(client, id));
        if refusal.is_some() || PROCESS_OF_CLIENT[client] == 1 {
            // The second process offers the hosted tool, and refuses for that reason before it looks for a turn.
            let response = self.call(client, "tool/call", &params).expect_err("a refusal");
            let is_expected = refusal.as_ref() == Some(&response) || response.contains("is not offered");
            return assert!(is_expected, "{response} {refusal:?}");
        }
        let thread = self.model.thread_mut(id);
        let subscribers_at_start = thread.subscribers.clone();
        thread.running = Some(Running { subscribers_at_start, is_host: true, ..Running::default() });
        let response = self.call(client, "tool/call", &params).expect("a result");
        assert_eq!((&response["success"], &response["replayed"]), (&json!(true), &json!(false)), "{response:#}");
        self.model.thread_mut(id).running.as_mut().expect("the turn is running").id = text(&response["turnId"]);
        self.finish_turn(id, "completed");
        if self.is_loaded_here(client, id) {
            let repeated = self.call(client, "tool/call", &params).expect("a result");
            assert_eq!((&repeated["replayed"], &repeated["images"]), (&json!(true), &response["images"]));
        }
    }

    /// The error of a request that starts a turn in a thread that is not loaded, or in which a turn runs.
    fn turn_error(&self, client: ClientIndex, id: &str) -> Option<String> {
        let thread = self.model.thread(id).expect("a thread of the model");
        if thread.writer != Some(PROCESS_OF_CLIENT[client]) {
            return Some(format!("-32600 thread {id} is not loaded; call thread/resume first"));
        }
        thread.running.as_ref().map(|running| format!("-32600 turn {} is still running", running.id))
    }

    /// Adds a message to a running turn. History must have it, however the turn ends.
    pub(in crate::random) fn steer(&mut self, client: ClientIndex, id: &str) {
        self.finish_quick_turn(id);
        let steers = |thread: &Thread| thread.running.as_ref().is_some_and(|running| running.steers >= MAX_STEERS);
        if self.model.thread(id).is_some_and(steers) {
            return;
        }
        let (turn_id, refusal) = self.choose_turn_id(client, id, "steer");
        let input = json!([{ "type": "text", "text": "and make it blue" }]);
        let params = json!({ "threadId": id, "expectedTurnId": turn_id, "input": input });
        let response = self.call(client, "turn/steer", &params);
        if let Some(refusal) = refusal {
            return assert_eq!(response, Err(refusal));
        }
        assert_eq!(response, Ok(json!({ "turnId": turn_id })));
        self.model.thread_mut(id).running.as_mut().expect("a turn runs").steers += 1;
    }

    /// The id of the running turn, or a wrong one and the error that it causes.
    fn choose_turn_id(&mut self, client: ClientIndex, id: &str, what: &str) -> (String, Option<String>) {
        let is_wrong = self.rng.one_in(4);
        let here =
            self.model.visible_thread(client, id).filter(|thread| thread.writer == Some(PROCESS_OF_CLIENT[client]));
        let running = here.and_then(|thread| thread.running.as_ref()).map(|running| running.id.clone());
        let turn_id = running.clone().filter(|_| !is_wrong).unwrap_or_else(|| "another".to_owned());
        let refusal = self.write_error(client, id).or_else(|| match running {
            None => Some(format!("-32600 no active turn to {what}")),
            Some(found) if found != turn_id => {
                Some(format!("-32600 expected active turn id {turn_id} but found {found}"))
            }
            Some(_) => None,
        });
        (turn_id, refusal)
    }

    /// Waits for the end of a turn that ends by itself.
    pub(in crate::random) fn finish_quick_turn(&mut self, id: &str) {
        if self.model.thread(id).is_some_and(Thread::has_quick_turn) {
            self.finish_turn(id, "completed");
        }
    }

    /// Waits until every subscriber has the end of the turn. Clients that were subscribed from its start must have
    /// received the same events.
    pub(in crate::random) fn finish_turn(&mut self, id: &str, status: &str) {
        let subscribers = self.model.thread(id).expect("a thread of the model").subscribers.clone();
        let is_over = |events: Option<&Vec<String>>| {
            events.and_then(|events| events.last()).is_some_and(|last| last == "turn/completed")
        };
        for client in &subscribers {
            while !is_over(self.running(id).events.get(client)) {
                self.next_event(*client);
            }
        }
        if subscribers.is_empty() {
            let running = std::mem::take(self.model.thread_mut(id).running.as_mut().expect("a turn runs"));
            self.wait_for_unload(id, &running);
            self.model.thread_mut(id).running = Some(running);
            if self.model.thread(id).is_some_and(|thread| thread.ephemeral) {
                return self.mark_unloaded(id);
            }
            self.mark_unloaded(id);
        }
        let running = self.model.thread_mut(id).running.take().expect("a turn runs");
        let mut complete = running.subscribers_at_start.iter().map(|client| &running.events[client]);
        if let Some(first) = complete.next() {
            assert!(first.iter().any(|method| method == "turn/started"), "{first:#?}");
            assert!(complete.all(|other| other == first), "{running:#?}");
        }
        let (_, mut rest) = self.unknown_turns(id);
        let read = rest.pop().unwrap_or_else(|| panic!("the turn of {running:#?} is lost"));
        assert!(rest.is_empty(), "{rest:#?}");
        // Without a subscriber, nothing names the turn of a compaction.
        assert!(read["id"] == *running.id || running.is_compaction && running.id.is_empty(), "{read:#}");
        assert_eq!(read["status"], status, "{read:#}");
        let image_count = images_in(&read).len();
        // If the edited file is missing, the turn reports an error and generates nothing.
        let may_fail = self.model.thread(id).is_some_and(|thread| thread.has_missing_file(&self.model.missing_files));
        let expected = usize::from(status == "completed" && !running.is_compaction);
        assert!(image_count == expected || may_fail && image_count == 0, "{read:#}");
        let items = read["items"].as_array().expect("items");
        let count = |kind: &str| items.iter().filter(|item| item["type"] == kind).count();
        let messages = running.steers + usize::from(!running.is_compaction && !running.is_host);
        let found = (count("userMessage"), count("contextCompaction"));
        assert_eq!(found, (messages, usize::from(running.is_compaction)), "{read:#}");
        self.store_turn(id, read);
    }

    pub(in crate::random) fn store_turn(&mut self, id: &str, read: Value) {
        let images = self.model.thread_mut(id).add_turn(read);
        self.add_images(images);
    }

    fn running(&self, id: &str) -> &Running {
        self.model.thread(id).and_then(|thread| thread.running.as_ref()).expect("a turn runs")
    }

    /// Reads a thread as any client. Returns the turns that the model does not have, which must be the last ones.
    pub(in crate::random) fn unknown_turns(&mut self, id: &str) -> (ClientIndex, Vec<Value>) {
        let clients: Vec<ClientIndex> =
            (0..PROCESS_OF_CLIENT.len()).filter(|client| self.model.visible_thread(*client, id).is_some()).collect();
        let client = *self.rng.choose(&clients).expect("a process sees it");
        let mut read = self.request(client, "thread/read", &json!({ "threadId": id, "includeTurns": true }));
        let Value::Array(mut turns) = read["thread"]["turns"].take() else { panic!("{read}") };
        let known = self.model.thread(id).expect("a thread of the model").recorded_turns();
        assert!(turns.len() >= known.len(), "{turns:#?}");
        let rest = turns.split_off(known.len());
        assert_eq!(turns, known);
        (client, rest)
    }
}
