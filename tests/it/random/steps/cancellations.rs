//! Requests that are cancelled right after they were sent. Each takes effect as a whole or not at all.

use serde_json::{Value, json};

use crate::random::model::{ClientIndex, Pace, Running, Thread, text};
use crate::random::world::{CallResult, World};

impl World {
    /// Sends a request and its cancellation. The response may already be on its way.
    fn cancel(&mut self, client: ClientIndex, method: &str, params: &Value) -> CallResult {
        let id = self.send_request(client, method, params);
        self.send(client, &json!({ "method": "$/cancelRequest", "params": { "id": id } }));
        self.read_response(client, id, method)
    }

    pub(in crate::random) fn cancel_a_request(&mut self, client: ClientIndex, id: &str) {
        self.finish_quick_turn(id);
        match self.rng.below(3) {
            0 => self.cancel_rename(client, id),
            1 => self.cancel_revert(client, id),
            _ => self.cancel_turn_start(client, id),
        }
    }

    fn cancel_rename(&mut self, client: ClientIndex, id: &str) {
        let refusal = self.write_error(client, id);
        let name = format!("given up {}", self.next_id);
        let response = self.cancel(client, "thread/name/set", &json!({ "threadId": id, "name": name }));
        let read = self.call(client, "thread/read", &json!({ "threadId": id }));
        let is_done = read.is_ok_and(|read| read["thread"]["name"] == *name);
        assert_consistent(&response, refusal.as_ref(), is_done);
        if is_done {
            self.model.thread_mut(id).name = Some(name);
        }
        self.expect_notices(if is_done { self.notices_for(client, id, "thread/name/updated") } else { Vec::new() });
    }

    fn cancel_revert(&mut self, client: ClientIndex, id: &str) {
        let refusal = self.rewrite_error(client, id);
        let turns = self.model.thread(id).map(Thread::turn_ids).unwrap_or_default();
        let Some(first) = self.rng.choose(&turns).cloned() else { return };
        let response = self.cancel(client, "thread/revert", &json!({ "threadId": id, "beforeTurnId": first }));
        let left = self.read_turns(client, id).map_or(turns.len(), |read| read.len());
        let is_done = left < turns.len();
        assert_consistent(&response, refusal.as_ref(), is_done);
        if is_done {
            self.revert_in_model(id, &first);
        }
        self.expect_notices(if is_done { self.notices_for(client, id, "thread/reverted") } else { Vec::new() });
    }

    fn cancel_turn_start(&mut self, client: ClientIndex, id: &str) {
        let is_ready = |thread: &Thread| thread.running.is_none() && thread.pace == Pace::Quick;
        if !self.model.thread(id).is_some_and(is_ready) || !self.is_loaded_here(client, id) {
            return;
        }
        let thread = self.model.thread_mut(id);
        let known = thread.turns.len();
        // Its id arrives with the first event, if there is one.
        thread.running = Some(Running { subscribers_at_start: thread.subscribers.clone(), ..Running::default() });
        let input = json!([{ "type": "text", "text": "draw a red square, 64x64" }]);
        let response = self.cancel(client, "turn/start", &json!({ "threadId": id, "input": input }));
        let started = self.read_turns(client, id).and_then(|read| read.get(known).map(|turn| text(&turn["id"])));
        assert_consistent(&response, None, started.is_some());
        match started {
            Some(turn_id) => {
                self.model.thread_mut(id).running.as_mut().expect("the turn is running").id = turn_id;
                self.finish_quick_turn(id);
            }
            None => {
                let running = self.model.thread_mut(id).running.take().expect("the turn is running");
                assert!(running.events.values().all(Vec::is_empty), "nothing began: {running:#?}");
            }
        }
        self.expect_notices(Vec::new());
    }

    /// The turns of a thread, read by the same client after its earlier requests.
    fn read_turns(&mut self, client: ClientIndex, id: &str) -> Option<Vec<Value>> {
        let read = self.call(client, "thread/read", &json!({ "threadId": id, "includeTurns": true }));
        read.ok()?["thread"]["turns"].as_array().cloned()
    }
}

/// Checks a response against the effect of the request. A cancelled request may have taken effect, unless it is
/// invalid.
fn assert_consistent(response: &CallResult, refusal: Option<&String>, is_done: bool) {
    match response {
        Err(error) if error == "-32800 Request cancelled" => assert!(refusal.is_none() || !is_done, "{refusal:?}"),
        response => assert_eq!((response.as_ref().err(), is_done), (refusal, refusal.is_none()), "{response:?}"),
    }
}
