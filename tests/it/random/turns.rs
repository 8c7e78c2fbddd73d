//! Turns from their start to what is read of them afterwards, whichever way they end.

use serde_json::{Value, json};

use super::model::{PROCESS_OF, Pace, Process, Running, Seat, Thread, images_in, text};
use super::world::{World, seats_of};

/// Small, so that many fit into a test.
const WISHES: [&str; 4] =
    ["draw a red square, 64x64", "draw two blue circles, 96x64", "make it green, 64x64", "edit this, 64x96"];

impl World {
    pub(super) fn start_turn(&mut self, seat: Seat, id: &str) {
        self.settle(id);
        let wish = *self.dice.one_of(&WISHES).expect("a wish");
        let params = json!({ "threadId": id, "input": [{ "type": "text", "text": wish }] });
        let answer = self.call(seat, "turn/start", &params);
        if let Some(refusal) = self.may_not_write(seat, id) {
            return assert_eq!(answer, Err(refusal));
        }
        let thread = self.model.thread(id).expect("a thread of the model");
        if thread.writer != Some(PROCESS_OF[seat]) {
            let refusal = format!("-32600 thread {id} is not loaded; call thread/resume first");
            return assert_eq!(answer, Err(refusal));
        }
        if let Some(running) = &thread.running {
            return assert_eq!(answer, Err(format!("-32600 turn {} is still running", running.id)));
        }
        let turn_id = text(&answer.expect("a turn")["turn"]["id"]);
        let thread = self.model.thread_mut(id);
        let audience = thread.ears.clone();
        thread.running = Some(Running { id: turn_id, audience, ..Running::default() });
    }

    pub(super) fn interrupt(&mut self, seat: Seat, id: &str) {
        if self.model.thread(id).is_some_and(Thread::runs_quickly) {
            self.settle(id);
        }
        let right_turn = self.dice.below(4) != 0;
        let thread = self.model.thread(id);
        let here = thread.filter(|thread| thread.writer == Some(PROCESS_OF[seat]));
        let running = here.and_then(|thread| thread.running.as_ref()).map(|running| running.id.clone());
        let wanted = running.clone().filter(|_| right_turn).unwrap_or_else(|| "another".to_owned());
        let expected = match (self.may_not_write(seat, id), &running) {
            (Some(refusal), _) => Err(refusal),
            (None, None) => Err("-32600 no active turn to interrupt".to_owned()),
            (None, Some(found)) if *found != wanted => {
                Err(format!("-32600 expected active turn id {wanted} but found {found}"))
            }
            (None, Some(_)) => Ok(json!({})),
        };
        let answer = self.call(seat, "turn/interrupt", &json!({ "threadId": id, "turnId": wanted }));
        assert_eq!(answer, expected);
        if expected.is_ok() {
            self.end_of_turn(id, "interrupted");
        }
    }

    /// Waits for the end of a turn that ends of itself.
    pub(super) fn settle(&mut self, id: &str) {
        if self.model.thread(id).is_some_and(Thread::runs_quickly) {
            self.end_of_turn(id, "completed");
        }
    }

    /// Every listener is told of the turn to its end, and those who heard it from the start are told the same.
    fn end_of_turn(&mut self, id: &str, status: &str) {
        let thread = self.model.thread(id).expect("a thread of the model");
        let (ears, closing) = (thread.ears.clone(), thread.closing);
        for seat in &ears {
            while self
                .running(id)
                .heard
                .get(seat)
                .and_then(|heard| heard.last())
                .is_none_or(|last| last != "turn/completed")
            {
                self.next_event(*seat);
            }
        }
        if let Some(seat) = closing.filter(|_| ears.is_empty()) {
            while !self.take_notice(&(seat, "thread/closed".to_owned(), id.to_owned())) {
                self.next_event(seat);
            }
            self.model.thread_mut(id).writer = None;
        }
        let Running { id: turn_id, audience, heard, .. } =
            std::mem::take(self.model.thread_mut(id).running.as_mut().expect("a turn runs"));
        let mut whole = audience.iter().map(|seat| &heard[seat]);
        if let Some(first) = whole.next() {
            assert!(first.iter().any(|method| method == "turn/started"), "{first:#?}");
            assert!(whole.all(|other| other == first), "{heard:#?}");
        }
        let thread = self.model.thread_mut(id);
        (thread.running, thread.closing) = (None, None);
        let (_, mut rest) = self.turns_after_those_known(id);
        let read = rest.pop().unwrap_or_else(|| panic!("the turn {turn_id} is lost"));
        assert!(rest.is_empty(), "{rest:#?}");
        assert_eq!((&read["id"], &read["status"]), (&json!(turn_id), &json!(status)), "{read:#}");
        assert_eq!(images_in(&read).len(), usize::from(status == "completed"), "{read:#}");
        self.keep(id, read);
    }

    /// After its process was killed a turn is over one way or the other, and nothing that was told of it is lost.
    pub(super) fn end_of_killed(&mut self, id: &str) {
        let running = self.model.thread_mut(id).running.take().expect("a turn ran");
        let (seat, mut rest) = self.turns_after_those_known(id);
        let Some(read) = rest.pop() else {
            assert!(running.heard.values().all(Vec::is_empty), "{seat} does not see the turn of {running:#?}");
            return;
        };
        assert!(rest.is_empty(), "{rest:#?}");
        assert_eq!(read["id"], *running.id);
        assert!(read["status"] == "completed" || read["status"] == "interrupted", "{read:#}");
        for item in read["items"].as_array().expect("items") {
            assert_ne!(item["status"], "in_progress", "{read:#}");
        }
        let made = images_in(&read);
        assert!(
            running.told.iter().all(|told| made.iter().any(|image| image.handle == *told)),
            "{running:#?} {read:#}"
        );
        self.keep(id, read);
    }

    fn keep(&mut self, id: &str, read: Value) {
        let made = self.model.thread_mut(id).keep(read);
        self.remember(made);
    }

    fn running(&self, id: &str) -> &Running {
        self.model.thread(id).and_then(|thread| thread.running.as_ref()).expect("a turn runs")
    }

    /// Reads a thread from any connection; the turns that the model has must be first among those read.
    fn turns_after_those_known(&mut self, id: &str) -> (Seat, Vec<Value>) {
        let seat = self.dice.below(PROCESS_OF.len());
        let mut read = self.result(seat, "thread/read", &json!({ "threadId": id, "includeTurns": true }));
        let Value::Array(mut turns) = read["thread"]["turns"].take() else { panic!("{read}") };
        let known = self.model.thread(id).expect("a thread of the model").reads();
        assert!(turns.len() >= known.len(), "{turns:#?}");
        let rest = turns.split_off(known.len());
        assert_eq!(turns, known);
        (seat, rest)
    }

    /// Kills a process and starts another in its place. What it had is free for the other process at once.
    pub(super) fn kill_and_start(&mut self, process: Process) {
        self.kill(process);
        let mut left = Vec::new();
        for thread in self.model.threads.iter_mut().filter(|thread| thread.writer == Some(process)) {
            (thread.writer, thread.closing) = (None, None);
            thread.ears.clear();
            left.push(thread.id.clone());
        }
        let seats: Vec<Seat> = seats_of(1 - process).collect();
        let heir = *self.dice.one_of(&seats).expect("a connection");
        let taken = self.dice.one_of(&left).cloned().filter(|_| self.dice.once_in(2));
        if let Some(id) = taken {
            self.result(heir, "thread/resume", &json!({ "threadId": id }));
            let thread = self.model.thread_mut(&id);
            thread.writer = Some(PROCESS_OF[heir]);
            thread.ears.insert(heir);
        }
        self.start(process);
        // What reads from the home at all has closed before what the dead left open.
        self.list(seats_of(process).next().expect("a connection"));
        for id in left {
            if self.model.thread(&id).is_some_and(|thread| thread.running.is_some()) {
                self.end_of_killed(&id);
            }
        }
        self.expect(Vec::new());
    }

    /// Ends what runs, so that the model has all turns.
    pub(super) fn rest(&mut self) {
        let running: Vec<String> = self.model.threads.iter().map(|thread| thread.id.clone()).collect();
        for id in running {
            let thread = self.model.thread(&id).expect("a thread of the model");
            let (Some(running), Some(process)) = (&thread.running, thread.writer) else { continue };
            if thread.pace == Pace::Endless {
                let params = json!({ "threadId": id, "turnId": running.id });
                let seat = seats_of(process).next().expect("a connection");
                self.result(seat, "turn/interrupt", &params);
                self.end_of_turn(&id, "interrupted");
            } else {
                self.settle(&id);
            }
        }
        self.expect(Vec::new());
    }
}
