//! What changes threads: each call is refused as the model says, or changes the model too.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::model::{Image, PROCESS_OF, Pace, Process, Seat, Thread, Turn, text};
use super::world::{Answer, Notice, World};

/// More threads or turns than that make a run slow and find nothing new.
const MOST_THREADS: usize = 12;
const MOST_TURNS: usize = 6;

impl World {
    pub(super) fn start_thread(&mut self, seat: Seat) {
        if self.model.threads.len() >= MOST_THREADS {
            return;
        }
        let (pace, provider) = if self.dice.once_in(4) { (Pace::Endless, "endless") } else { (Pace::Quick, "preview") };
        let wish = json!({ "modelProvider": provider, "ephemeral": self.dice.once_in(5) });
        let thread = self.result(seat, "thread/start", &wish)["thread"].take();
        let thread = new_thread(seat, pace, &thread);
        let notice = (seat, "thread/started".to_owned(), thread.id.clone());
        self.model.threads.push(thread);
        self.expect(vec![notice]);
    }

    pub(super) fn fork(&mut self, seat: Seat, id: &str) {
        self.settle(id);
        let turns = self.model.thread(id).map(Thread::turn_ids).unwrap_or_default();
        let last = self.dice.one_of(&turns).cloned().filter(|_| self.dice.once_in(2));
        let wish = json!({ "threadId": id, "lastTurnId": last, "ephemeral": self.dice.once_in(4) });
        let answer = self.call(seat, "thread/fork", &wish);
        let Some(source) = self.model.seen(seat, id) else { return assert_eq!(answer, not_found(id)) };
        let mut answer = answer.expect("a fork");
        let end = last.map_or(turns.len(), |last| turns.iter().position(|turn| *turn == last).expect("a turn") + 1);
        let kept: Vec<Turn> = source.turns[..end].to_vec();
        let is_kept = |image: &&Image| !image.withdrawn && kept.iter().any(|turn| turn.id == image.turn_id);
        let images: Vec<Image> = source.images.iter().filter(is_kept).cloned().collect();
        let thread = Thread { images, turns: kept, ..new_thread(seat, source.pace, &answer["thread"]) };
        assert_eq!(answer["thread"]["turns"].take(), Value::Array(thread.reads()));
        assert_eq!(answer["thread"]["forkedFromId"], id);
        let notice = (seat, "thread/started".to_owned(), thread.id.clone());
        self.model.threads.push(thread);
        self.expect(vec![notice]);
        self.thin_out(seat);
    }

    /// Deletes a thread when there are too many.
    fn thin_out(&mut self, seat: Seat) {
        let ids: Vec<String> = self.model.threads.iter().map(|thread| thread.id.clone()).collect();
        if ids.len() > MOST_THREADS {
            let id = self.dice.one_of(&ids).expect("a thread").clone();
            self.delete(seat, &id);
        }
    }

    pub(super) fn archive(&mut self, seat: Seat, id: &str) {
        let is_ephemeral = |thread: &Thread| {
            thread.ephemeral.then(|| format!("-32600 thread {id} is ephemeral and cannot be archived"))
        };
        let refusal = self.may_not_rewrite(seat, id).or_else(|| self.model.thread(id).and_then(is_ephemeral));
        let Some(refusal) = refusal else {
            assert_eq!(self.call(seat, "thread/archive", &json!({ "threadId": id })), Ok(json!({})));
            self.expect(self.told(seat, id, "thread/archived"));
            let thread = self.model.thread_mut(id);
            (thread.archived, thread.writer) = (true, None);
            thread.ears.clear();
            return;
        };
        assert_eq!(self.call(seat, "thread/archive", &json!({ "threadId": id })), Err(refusal));
    }

    pub(super) fn unarchive(&mut self, seat: Seat, id: &str) {
        let answer = self.call(seat, "thread/unarchive", &json!({ "threadId": id }));
        if let Some(refusal) = self.may_not_write(seat, id) {
            return assert_eq!(answer, Err(refusal));
        }
        assert_eq!(answer.expect("a thread")["thread"]["id"], id);
        self.model.thread_mut(id).archived = false;
        self.expect(self.told(seat, id, "thread/unarchived"));
    }

    pub(super) fn delete(&mut self, seat: Seat, id: &str) {
        self.settle(id);
        if let Some(refusal) = self.may_not_write(seat, id) {
            return assert_eq!(self.call(seat, "thread/delete", &json!({ "threadId": id })), Err(refusal));
        }
        assert_eq!(self.call(seat, "thread/delete", &json!({ "threadId": id })), Ok(json!({})));
        self.expect(self.told(seat, id, "thread/deleted"));
        self.model.threads.retain(|thread| thread.id != id);
        self.model.gone.push(id.to_owned());
    }

    /// Takes back a turn and those after it; a thread with many turns loses some.
    pub(super) fn revert(&mut self, seat: Seat, id: &str) {
        let refusal = self.may_not_rewrite(seat, id);
        let turns = self.model.thread(id).map(Thread::turn_ids).unwrap_or_default();
        let first = self.dice.one_of(&turns).cloned().unwrap_or_else(|| "none".to_owned());
        let answer = self.call(seat, "thread/revert", &json!({ "threadId": id, "beforeTurnId": first }));
        if let Some(refusal) = refusal {
            return assert_eq!(answer, Err(refusal));
        }
        if turns.is_empty() {
            return assert_eq!(answer, Err(format!("-32600 thread {id} has no turn none")));
        }
        assert_eq!(answer.expect("a thread")["thread"]["id"], id);
        self.take_back(id, &first);
        self.expect(self.told(seat, id, "thread/reverted"));
    }

    /// A turn and those after it are no more.
    pub(super) fn take_back(&mut self, id: &str, first: &str) {
        let thread = self.model.thread_mut(id);
        let lost = thread.turns.split_off(thread.turns.iter().position(|turn| turn.id == first).expect("a turn"));
        for image in &mut thread.images {
            image.withdrawn |= lost.iter().any(|turn| turn.id == image.turn_id);
        }
    }

    pub(super) fn turn_or_revert(&mut self, seat: Seat, id: &str) {
        if self.model.thread(id).is_some_and(|thread| thread.turns.len() >= MOST_TURNS) {
            self.revert(seat, id);
        } else {
            self.start_turn(seat, id);
        }
    }

    /// Those who hear the thread, and whoever caused it.
    pub(super) fn told(&self, cause: Seat, id: &str, method: &str) -> Vec<Notice> {
        let mut seats: BTreeSet<Seat> = self.model.thread(id).map(|thread| thread.ears.clone()).unwrap_or_default();
        seats.insert(cause);
        seats.into_iter().map(|seat| (seat, method.to_owned(), id.to_owned())).collect()
    }

    /// Why a process may not write to a thread.
    pub(super) fn may_not_write(&self, seat: Seat, id: &str) -> Option<String> {
        let Some(thread) = self.model.seen(seat, id) else { return Some(format!("-32600 thread {id} not found")) };
        let other = thread.writer.filter(|writer| *writer != PROCESS_OF[seat])?;
        Some(self.in_use(id, other))
    }

    pub(super) fn in_use(&self, id: &str, writer: Process) -> String {
        format!("-32600 thread {id} is in use by another Easel, process {}", self.pids[writer])
    }

    /// Nor change its history: besides, no turn may run.
    pub(super) fn may_not_rewrite(&mut self, seat: Seat, id: &str) -> Option<String> {
        self.settle(id);
        let running = |thread: &Thread| thread.running.as_ref().map(|running| running.id.clone());
        let running =
            self.model.seen(seat, id).filter(|thread| thread.writer == Some(PROCESS_OF[seat])).and_then(running);
        // What runs in another process is refused for its writer.
        running.map(|turn| format!("-32600 turn {turn} is still running")).or_else(|| self.may_not_write(seat, id))
    }
}

fn not_found(id: &str) -> Answer {
    Err(format!("-32600 thread {id} not found"))
}

fn new_thread(seat: Seat, pace: Pace, answer: &Value) -> Thread {
    Thread {
        id: text(&answer["id"]),
        created_at: answer["createdAt"].as_i64().expect("seconds"),
        pace,
        ephemeral: answer["ephemeral"] == true,
        name: None,
        model: answer["model"].clone(),
        cwd: answer["cwd"].clone(),
        branch: None,
        archived: false,
        turns: Vec::new(),
        images: Vec::new(),
        writer: Some(PROCESS_OF[seat]),
        ears: BTreeSet::from([seat]),
        running: None,
    }
}
