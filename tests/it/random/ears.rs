//! Who hears a thread, and when it leaves memory because nobody does.

use std::collections::BTreeSet;
use std::time::Instant;

use serde_json::json;

use super::model::{PROCESS_OF, Running, Seat, text};
use super::world::{Notice, World, seats_of};
use crate::listen::server::PATIENCE;

impl World {
    pub(super) fn resume(&mut self, seat: Seat, id: &str) {
        let refusal = self.may_not_write(seat, id);
        if refusal.is_none() {
            self.settle(id);
        }
        self.grace = Some((seat, id.to_owned()));
        let answer = self.call(seat, "thread/resume", &json!({ "threadId": id }));
        if let Some(refusal) = refusal {
            return assert_eq!(answer, Err(refusal));
        }
        self.matches_history(id, answer.expect("a thread")["thread"]["turns"].take());
        let thread = self.model.thread_mut(id);
        thread.writer = Some(PROCESS_OF[seat]);
        thread.ears.insert(seat);
        self.expect(Vec::new());
    }

    pub(super) fn unsubscribe(&mut self, seat: Seat, id: &str) {
        self.settle(id);
        self.grace = Some((seat, id.to_owned()));
        let answer = self.result(seat, "thread/unsubscribe", &json!({ "threadId": id }));
        let thread = self.model.threads.iter_mut().find(|thread| thread.id == id);
        let Some(thread) = thread.filter(|thread| thread.writer == Some(PROCESS_OF[seat])) else {
            return assert_eq!(answer["status"], "notLoaded");
        };
        if !thread.ears.remove(&seat) {
            return assert_eq!(answer["status"], "notSubscribed");
        }
        assert_eq!(answer["status"], "unsubscribed");
        match (&mut thread.running, thread.ears.is_empty()) {
            (Some(running), is_last) => {
                running.audience.remove(&seat);
                running.leavers.extend(is_last.then_some(seat));
                self.expect(Vec::new());
            }
            (None, true) => {
                self.expect(vec![(seat, "thread/closed".to_owned(), id.to_owned())]);
                self.is_out_of_memory(id);
            }
            (None, false) => self.expect(Vec::new()),
        }
    }

    /// Closes a connection and opens it anew; what only it has heard leaves memory without a word.
    pub(super) fn reconnect(&mut self, seat: Seat) {
        // A thread that only this connection hears; once it is gone, so are all that it has heard.
        let started = self.result(seat, "thread/start", &json!({ "ephemeral": true }));
        let sentinel = text(&started["thread"]["id"]);
        self.expect(vec![(seat, "thread/started".to_owned(), sentinel.clone())]);
        self.reopen(seat);
        let mut unheard = Vec::new();
        for thread in &mut self.model.threads {
            let was_last = thread.ears.remove(&seat) && thread.ears.is_empty();
            match &mut thread.running {
                Some(running) => {
                    running.audience.remove(&seat);
                    // Nobody can be told through a connection that is closed.
                    running.was_dropped |= running.leavers.remove(&seat) || was_last;
                }
                None if was_last => unheard.push(thread.id.clone()),
                None => {}
            }
        }
        self.model.gone.push(sentinel.clone());
        self.await_unloaded(seat, &BTreeSet::from_iter(unheard.iter().cloned().chain([sentinel])));
        for id in unheard {
            self.is_out_of_memory(&id);
        }
    }

    /// A turn of a thread that nobody hears is over: waits until the thread is out of memory, and for the one who is told.
    pub(super) fn leaves_memory(&mut self, id: &str, running: &Running) {
        let process = self.model.thread(id).and_then(|thread| thread.writer).expect("it is in memory");
        let seat = seats_of(process).next().expect("a connection");
        self.await_unloaded(seat, &BTreeSet::from([id.to_owned()]));
        let closed = |seat: &Seat| (*seat, "thread/closed".to_owned(), id.to_owned());
        let notices: Vec<Notice> = running.leavers.iter().map(closed).collect();
        if running.was_dropped {
            // Whoever takes it out of memory first tells its own connection, which may be closed.
            self.permitted.extend(notices);
            return;
        }
        let asked = Instant::now();
        while !notices.iter().any(|notice| self.take_notice(notice)) {
            assert!(asked.elapsed() < PATIENCE, "none of {notices:?} comes");
            for (seat, ..) in &notices {
                self.result(*seat, "account/read", &json!({}));
            }
        }
    }

    fn await_unloaded(&mut self, seat: Seat, ids: &BTreeSet<String>) {
        let asked = Instant::now();
        while self.loaded(seat).intersection(ids).next().is_some() {
            assert!(asked.elapsed() < PATIENCE, "{ids:?} stay in memory");
        }
        // It is free for other processes a moment later, and a request of the thread waits for that.
        for id in ids {
            let _ = self.call(seat, "thread/read", &json!({ "threadId": id }));
        }
    }

    /// A thread that left memory is free for all processes; an ephemeral one is over.
    pub(super) fn is_out_of_memory(&mut self, id: &str) {
        let thread = self.model.thread_mut(id);
        thread.writer = None;
        if thread.ephemeral {
            self.end_ephemeral(id);
        }
    }
}
