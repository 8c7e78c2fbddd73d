//! The end of a process, of a run, and of ephemeral threads.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::model::{ClientIndex, Image, Pace, ProcessIndex, Thread, image_of, images_in, text};
use super::world::{World, clients_of};

/// The longest wait for a recovery that a foreign lock has put off.
const RECOVERY_TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// By a signal of the system.
    Kill,
    /// As a client or a supervisor ends it.
    Graceful,
}

impl World {
    /// Ends a process and starts it again. The other process can use its threads at once.
    pub(super) fn restart(&mut self, process: ProcessIndex, exit: Exit) {
        // Its turns are interrupted. A thread without subscribers may still be unloaded regularly before the end.
        for thread in self.model.threads.iter().filter(|thread| thread.writer == Some(process)) {
            let last_unsubscribers = thread.running.iter().flat_map(|running| &running.last_unsubscribers);
            self.optional_notices
                .extend(last_unsubscribers.map(|client| (*client, "thread/closed".to_owned(), thread.id.clone())));
        }
        self.stop(process, exit);
        let (mut stored, mut ephemeral) = (Vec::new(), Vec::new());
        for thread in self.model.threads.iter_mut().filter(|thread| thread.writer == Some(process)) {
            thread.writer = None;
            let subscribers = std::mem::take(&mut thread.subscribers);
            if let Some(running) = thread.running.as_ref().filter(|_| exit == Exit::Graceful) {
                let is_told = |subscriber| {
                    running
                        .events
                        .get(subscriber)
                        .and_then(|events| events.last())
                        .is_some_and(|last| last == "turn/completed")
                };
                assert!(subscribers.iter().all(is_told), "not all of {subscribers:?} hear the end of {running:#?}");
            }
            if thread.ephemeral { &mut ephemeral } else { &mut stored }.push(thread.id.clone());
        }
        let clients: Vec<ClientIndex> = clients_of(1 - process).collect();
        let new_owner = *self.rng.choose(&clients).expect("a connection");
        let taken_over = self.rng.choose(&stored).cloned().filter(|_| self.rng.one_in(2));
        if let Some(id) = taken_over {
            self.request(new_owner, "thread/resume", &json!({ "threadId": id }));
            let thread = self.model.thread_mut(&id);
            thread.writer = Some(1 - process);
            thread.subscribers.insert(new_owner);
        }
        let is_locked = self.database_lock.as_ref().is_some_and(|lock| !lock.is_finished());
        self.start(process);
        let client = clients_of(process).next().expect("a connection");
        // Before a new process reads anything, it closes what the dead process left open.
        self.list(client);
        if is_locked {
            // Another program had locked the database, so recovery is put off until the lock is released.
            self.await_recovery(client, &stored);
        }
        for id in stored {
            if self.model.thread(&id).is_some_and(|thread| thread.running.is_some()) {
                self.finish_killed_turn(&id);
            }
        }
        for id in ephemeral {
            self.end_ephemeral(&id);
        }
        self.expect_notices(Vec::new());
    }

    /// Waits for the end of the foreign lock, and then until the turns of `threads` are closed, without any write.
    fn await_recovery(&mut self, client: ClientIndex, threads: &[String]) {
        self.await_database_lock();
        let start = Instant::now();
        for id in threads {
            let read = json!({ "threadId": id, "includeTurns": true });
            while self.request(client, "thread/read", &read)["thread"]["turns"].to_string().contains("inProgress") {
                assert!(start.elapsed() < RECOVERY_TIMEOUT, "{id} is not recovered");
            }
        }
    }

    /// A turn ends with its process, completed or interrupted. No acknowledged message and no announced image is lost.
    fn finish_killed_turn(&mut self, id: &str) {
        let running = self.model.thread_mut(id).running.take().expect("a turn ran");
        let (client, mut rest) = self.unknown_turns(id);
        let Some(read) = rest.pop() else { panic!("{client} does not see the turn of {running:#?}") };
        assert!(rest.is_empty(), "{rest:#?}");
        assert_eq!(read["id"], *running.id);
        assert!(read["status"] == "completed" || read["status"] == "interrupted", "{read:#}");
        let items = read["items"].as_array().expect("items");
        assert!(items.iter().all(|item| item["status"] != "in_progress"), "{read:#}");
        let messages = items.iter().filter(|item| item["type"] == "userMessage");
        assert_eq!(messages.count(), 1 + running.steers, "{read:#}");
        let images = images_in(&read);
        assert!(
            running
                .announced_images
                .iter()
                .all(|announced_images| images.iter().any(|image| image.handle == *announced_images)),
            "{running:#?} {read:#}"
        );
        self.store_turn(id, read);
    }

    /// Ends an ephemeral thread. Its messages are gone. Its own images remain, including those of its last turn.
    pub(super) fn end_ephemeral(&mut self, id: &str) {
        let at = self.model.threads.iter().position(|thread| thread.id == id).expect("a thread of the model");
        let mut thread = self.model.threads.remove(at);
        let listed = self.images_of_ended(id);
        self.forget_released_images(&mut thread, &listed);
        let images = listed.iter().map(|entry| image_of(&entry["image"], &text(&entry["turnId"])));
        let known = thread.handles();
        let handles: Vec<String> = listed.iter().map(|entry| text(&entry["image"]["id"])).collect();
        assert!(handles.starts_with(&known), "{handles:?} {known:?}");
        if let Some(running) = thread.running.take() {
            assert!(
                running.announced_images.iter().all(|announced_images| handles.contains(announced_images)),
                "{running:#?} {handles:?}"
            );
        } else {
            assert_eq!(handles, known);
        }
        let images: Vec<_> = images.skip(known.len()).collect();
        thread.images.extend(images.iter().cloned());
        self.add_images(images);
        thread.subscribers.clear();
        thread.turns.clear();
        self.model.removed_ids.push(id.to_owned());
        self.model.ended.push(thread);
    }

    /// An image of a thread that has ended was deleted. Inherited images that it was made from may go with it.
    pub(super) fn forget_inputs_of_ended(&mut self, id: &str) {
        let Some(at) = self.model.ended.iter().position(|thread| thread.id == id) else { return };
        let mut thread = self.model.ended.remove(at);
        let listed = self.images_of_ended(id);
        self.forget_released_images(&mut thread, &listed);
        self.model.ended.insert(at, thread);
    }

    /// Lists the images that are left of a thread, oldest first.
    fn images_of_ended(&mut self, id: &str) -> Vec<Value> {
        let client = self.any_connected_client();
        let mut listed = self.read_pages(client, "image/list", &json!({ "threadId": id })).expect("images");
        listed.reverse();
        listed
    }

    /// Removes the images that are not listed from an ended thread of the model: those that it inherited and that no
    /// image of its own was made from. Another thread must still show each of them.
    fn forget_released_images(&self, thread: &mut Thread, listed: &[Value]) {
        let released = |image: &Image| {
            !image.deleted && listed.iter().all(|entry| entry["image"]["id"].as_str() != Some(&image.handle))
        };
        let is_shown = |image: &Image| self.model.threads_with_images().any(|other| other.shows(&image.handle));
        assert!(thread.images.iter().filter(|image| released(image)).all(is_shown), "{thread:#?} {listed:#?}");
        thread.images.retain(|image| !released(image));
    }

    /// Ends all running turns, so that the model has them.
    pub(super) fn finish_all_turns(&mut self) {
        let ids: Vec<String> = self.model.threads.iter().map(|thread| thread.id.clone()).collect();
        for id in ids {
            let thread = self.model.thread(&id).expect("a thread of the model");
            let (Some(running), Some(process)) = (&thread.running, thread.writer) else { continue };
            if thread.pace == Pace::Endless {
                let params = json!({ "threadId": id, "turnId": running.id });
                let client = clients_of(process).next().expect("a connection");
                self.request(client, "turn/interrupt", &params);
                self.finish_turn(&id, "interrupted");
            } else {
                self.finish_quick_turn(&id);
            }
        }
        self.expect_notices(Vec::new());
    }
}
