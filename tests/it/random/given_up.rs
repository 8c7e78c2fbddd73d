//! Requests that are cancelled right after they were sent: each is done as a whole or not at all.

use serde_json::{Value, json};

use super::model::{Pace, Running, Seat, Thread, text};
use super::world::{Answer, World};

impl World {
    /// Sends a request and takes it back; the answer may have been on its way already.
    fn give_up(&mut self, seat: Seat, method: &str, params: &Value) -> Answer {
        let id = self.ask(seat, method, params);
        self.send(seat, &json!({ "method": "$/cancelRequest", "params": { "id": id } }));
        self.answer(seat, id, method)
    }

    pub(super) fn give_up_something(&mut self, seat: Seat, id: &str) {
        self.settle(id);
        match self.dice.below(3) {
            0 => self.give_up_rename(seat, id),
            1 => self.give_up_revert(seat, id),
            _ => self.give_up_turn(seat, id),
        }
    }

    fn give_up_rename(&mut self, seat: Seat, id: &str) {
        let refusal = self.may_not_write(seat, id);
        let name = format!("given up {}", self.next_id);
        let answer = self.give_up(seat, "thread/name/set", &json!({ "threadId": id, "name": name }));
        let read = self.call(seat, "thread/read", &json!({ "threadId": id }));
        let is_done = read.is_ok_and(|read| read["thread"]["name"] == *name);
        fits(&answer, refusal.as_ref(), is_done);
        if is_done {
            self.model.thread_mut(id).name = Some(name);
        }
        self.expect(if is_done { self.told(seat, id, "thread/name/updated") } else { Vec::new() });
    }

    fn give_up_revert(&mut self, seat: Seat, id: &str) {
        let refusal = self.may_not_rewrite(seat, id);
        let turns = self.model.thread(id).map(Thread::turn_ids).unwrap_or_default();
        let Some(first) = self.dice.one_of(&turns).cloned() else { return };
        let answer = self.give_up(seat, "thread/revert", &json!({ "threadId": id, "beforeTurnId": first }));
        let left = self.turns_read(seat, id).map_or(turns.len(), |read| read.len());
        let is_done = left < turns.len();
        fits(&answer, refusal.as_ref(), is_done);
        if is_done {
            self.take_back(id, &first);
        }
        self.expect(if is_done { self.told(seat, id, "thread/reverted") } else { Vec::new() });
    }

    fn give_up_turn(&mut self, seat: Seat, id: &str) {
        let is_ready = |thread: &Thread| thread.running.is_none() && thread.pace == Pace::Quick;
        if !self.model.thread(id).is_some_and(is_ready) || !self.may_start(seat, id) {
            return;
        }
        let thread = self.model.thread_mut(id);
        let known = thread.turns.len();
        // Its id comes with the first event, if there is one.
        thread.running = Some(Running { audience: thread.ears.clone(), ..Running::default() });
        let input = json!([{ "type": "text", "text": "draw a red square, 64x64" }]);
        let answer = self.give_up(seat, "turn/start", &json!({ "threadId": id, "input": input }));
        let begun = self.turns_read(seat, id).and_then(|read| read.get(known).map(|turn| text(&turn["id"])));
        fits(&answer, None, begun.is_some());
        match begun {
            Some(turn_id) => {
                self.model.thread_mut(id).running.as_mut().expect("it is there").id = turn_id;
                self.settle(id);
            }
            None => {
                let running = self.model.thread_mut(id).running.take().expect("it is there");
                assert!(running.heard.values().all(Vec::is_empty), "nothing began: {running:#?}");
            }
        }
        self.expect(Vec::new());
    }

    /// The turns of a thread as this connection reads them, after all that was asked of it before.
    fn turns_read(&mut self, seat: Seat, id: &str) -> Option<Vec<Value>> {
        let read = self.call(seat, "thread/read", &json!({ "threadId": id, "includeTurns": true }));
        read.ok()?["thread"]["turns"].as_array().cloned()
    }
}

/// A request that is answered was done or refused as ever; of one that was cancelled, only a refused one is never done.
fn fits(answer: &Answer, refusal: Option<&String>, is_done: bool) {
    match answer {
        Err(told) if told == "-32800 Request cancelled" => assert!(refusal.is_none() || !is_done, "{refusal:?}"),
        answer => assert_eq!((answer.as_ref().err(), is_done), (refusal, refusal.is_none()), "{answer:?}"),
    }
}
