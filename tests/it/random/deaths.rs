//! The end of a process, of a run, and of threads that do not outlive them.

use serde_json::json;

use super::model::{Pace, Process, Seat, image_of, images_in, text};
use super::world::{World, seats_of};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Death {
    /// As the system kills.
    Killed,
    /// As a client or a supervisor ends it.
    InOrder,
}

impl World {
    /// Ends a process and starts another in its place. What it had is free for the other process at once.
    pub(super) fn restart(&mut self, process: Process, death: Death) {
        // Its turns are interrupted, and a thread that nobody hears may still leave memory in good order before the end.
        for thread in self.model.threads.iter().filter(|thread| thread.writer == Some(process)) {
            let leavers = thread.running.iter().flat_map(|running| &running.leavers);
            self.permitted.extend(leavers.map(|seat| (*seat, "thread/closed".to_owned(), thread.id.clone())));
        }
        self.stop(process, death);
        let (mut left, mut fleeting) = (Vec::new(), Vec::new());
        for thread in self.model.threads.iter_mut().filter(|thread| thread.writer == Some(process)) {
            thread.writer = None;
            let ears = std::mem::take(&mut thread.ears);
            if let Some(running) = thread.running.as_ref().filter(|_| death == Death::InOrder) {
                let is_told = |ear| {
                    running.heard.get(ear).and_then(|heard| heard.last()).is_some_and(|last| last == "turn/completed")
                };
                assert!(ears.iter().all(is_told), "not all of {ears:?} hear the end of {running:#?}");
            }
            if thread.ephemeral { &mut fleeting } else { &mut left }.push(thread.id.clone());
        }
        let seats: Vec<Seat> = seats_of(1 - process).collect();
        let heir = *self.dice.one_of(&seats).expect("a connection");
        let taken = self.dice.one_of(&left).cloned().filter(|_| self.dice.once_in(2));
        if let Some(id) = taken {
            self.result(heir, "thread/resume", &json!({ "threadId": id }));
            let thread = self.model.thread_mut(&id);
            thread.writer = Some(1 - process);
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
        for id in fleeting {
            self.end_ephemeral(&id);
        }
        self.expect(Vec::new());
    }

    /// After the end of its process a turn is over one way or the other. No message that was answered and nothing that was
    /// told of it is lost.
    fn end_of_killed(&mut self, id: &str) {
        let running = self.model.thread_mut(id).running.take().expect("a turn ran");
        let (seat, mut rest) = self.turns_after_those_known(id);
        let Some(read) = rest.pop() else { panic!("{seat} does not see the turn of {running:#?}") };
        assert!(rest.is_empty(), "{rest:#?}");
        assert_eq!(read["id"], *running.id);
        assert!(read["status"] == "completed" || read["status"] == "interrupted", "{read:#}");
        let items = read["items"].as_array().expect("items");
        assert!(items.iter().all(|item| item["status"] != "in_progress"), "{read:#}");
        let messages = items.iter().filter(|item| item["type"] == "userMessage");
        assert_eq!(messages.count(), 1 + running.steers, "{read:#}");
        let made = images_in(&read);
        assert!(
            running.told.iter().all(|told| made.iter().any(|image| image.handle == *told)),
            "{running:#?} {read:#}"
        );
        self.keep(id, read);
    }

    /// An ephemeral thread is over: its words are gone, and its images stay, with those that its last turn has made.
    pub(super) fn end_ephemeral(&mut self, id: &str) {
        let at = self.model.threads.iter().position(|thread| thread.id == id).expect("a thread of the model");
        let mut thread = self.model.threads.remove(at);
        let seat = self.living_seat();
        let mut listed = self.pages(seat, "image/list", &json!({ "threadId": id })).expect("images");
        listed.reverse();
        let images = listed.iter().map(|entry| image_of(&entry["image"], &text(&entry["turnId"])));
        let known = thread.handles();
        let handles: Vec<String> = listed.iter().map(|entry| text(&entry["image"]["id"])).collect();
        assert!(handles.starts_with(&known), "{handles:?} {known:?}");
        if let Some(running) = thread.running.take() {
            assert!(running.told.iter().all(|told| handles.contains(told)), "{running:#?} {handles:?}");
        } else {
            assert_eq!(handles, known);
        }
        let made: Vec<_> = images.skip(known.len()).collect();
        thread.images.extend(made.iter().cloned());
        self.remember(made);
        thread.ears.clear();
        thread.turns.clear();
        self.model.gone.push(id.to_owned());
        self.model.ghosts.push(thread);
    }

    /// Ends what runs, so that the model has all turns.
    pub(super) fn rest(&mut self) {
        let ids: Vec<String> = self.model.threads.iter().map(|thread| thread.id.clone()).collect();
        for id in ids {
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
