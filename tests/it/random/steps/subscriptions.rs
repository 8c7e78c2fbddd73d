//! Subscriptions to threads, and threads that are unloaded after their last subscriber has left.

use std::collections::BTreeSet;
use std::time::Instant;

use serde_json::json;

use crate::listen::server::TIMEOUT;
use crate::random::model::{ClientIndex, PROCESS_OF_CLIENT, Running, text};
use crate::random::world::{Notice, World, clients_of};

impl World {
    pub(in crate::random) fn resume(&mut self, client: ClientIndex, id: &str) {
        let refusal = self.write_error(client, id);
        if refusal.is_none() {
            self.finish_quick_turn(id);
        }
        self.may_receive_early = Some((client, id.to_owned()));
        let response = self.call(client, "thread/resume", &json!({ "threadId": id }));
        if let Some(refusal) = refusal {
            return assert_eq!(response, Err(refusal));
        }
        self.assert_history(id, response.expect("a thread")["thread"]["turns"].take());
        let thread = self.model.thread_mut(id);
        thread.writer = Some(PROCESS_OF_CLIENT[client]);
        thread.subscribers.insert(client);
        self.expect_notices(Vec::new());
    }

    pub(in crate::random) fn unsubscribe(&mut self, client: ClientIndex, id: &str) {
        self.finish_quick_turn(id);
        self.may_receive_early = Some((client, id.to_owned()));
        let response = self.request(client, "thread/unsubscribe", &json!({ "threadId": id }));
        let thread = self.model.threads.iter_mut().find(|thread| thread.id == id);
        let Some(thread) = thread.filter(|thread| thread.writer == Some(PROCESS_OF_CLIENT[client])) else {
            return assert_eq!(response["status"], "notLoaded");
        };
        if !thread.subscribers.remove(&client) {
            return assert_eq!(response["status"], "notSubscribed");
        }
        assert_eq!(response["status"], "unsubscribed");
        match (&mut thread.running, thread.subscribers.is_empty()) {
            (Some(running), is_last) => {
                running.subscribers_at_start.remove(&client);
                running.last_unsubscribers.extend(is_last.then_some(client));
                self.expect_notices(Vec::new());
            }
            (None, true) => {
                self.expect_notices(vec![(client, "thread/closed".to_owned(), id.to_owned())]);
                self.mark_unloaded(id);
            }
            (None, false) => self.expect_notices(Vec::new()),
        }
    }

    /// Closes a connection and opens a new one. Threads that had no other subscriber are unloaded without a
    /// notification.
    pub(in crate::random) fn reconnect(&mut self, client: ClientIndex) {
        // Creates a thread with no other subscriber. Once it is unloaded, so are all others of the closed connection.
        let started = self.request(client, "thread/start", &json!({ "ephemeral": true }));
        let sentinel = text(&started["thread"]["id"]);
        self.expect_notices(vec![(client, "thread/started".to_owned(), sentinel.clone())]);
        self.reconnect_client(client);
        let mut without_subscribers = Vec::new();
        for thread in &mut self.model.threads {
            let was_last = thread.subscribers.remove(&client) && thread.subscribers.is_empty();
            match &mut thread.running {
                Some(running) => {
                    running.subscribers_at_start.remove(&client);
                    // A closed connection cannot be notified.
                    running.last_subscriber_disconnected |= running.last_unsubscribers.remove(&client) || was_last;
                }
                None if was_last => without_subscribers.push(thread.id.clone()),
                None => {}
            }
        }
        self.model.removed_ids.push(sentinel.clone());
        self.wait_until_unloaded(client, &BTreeSet::from_iter(without_subscribers.iter().cloned().chain([sentinel])));
        for id in without_subscribers {
            self.mark_unloaded(&id);
        }
    }

    /// Waits until a thread without subscribers is unloaded after its turn, and for the notification of its last
    /// subscriber.
    pub(in crate::random) fn wait_for_unload(&mut self, id: &str, running: &Running) {
        let process = self.model.thread(id).and_then(|thread| thread.writer).expect("it is in memory");
        let client = clients_of(process).next().expect("a connection");
        self.wait_until_unloaded(client, &BTreeSet::from([id.to_owned()]));
        let closed = |client: &ClientIndex| (*client, "thread/closed".to_owned(), id.to_owned());
        let notices: Vec<Notice> = running.last_unsubscribers.iter().map(closed).collect();
        if running.last_subscriber_disconnected {
            // The process notifies one of the connections that left, which may be closed.
            self.optional_notices.extend(notices);
            return;
        }
        let start = Instant::now();
        while !notices.iter().any(|notice| self.take_notice(notice)) {
            assert!(start.elapsed() < TIMEOUT, "none of {notices:?} comes");
            for (client, ..) in &notices {
                self.request(*client, "account/read", &json!({}));
            }
        }
    }

    fn wait_until_unloaded(&mut self, client: ClientIndex, ids: &BTreeSet<String>) {
        let start = Instant::now();
        while self.loaded_ids(client).intersection(ids).next().is_some() {
            assert!(start.elapsed() < TIMEOUT, "{ids:?} stay in memory");
        }
        // The thread is free for other processes a moment later. A request for the thread waits for that.
        for id in ids {
            let _ = self.call(client, "thread/read", &json!({ "threadId": id }));
        }
    }

    /// Marks a thread as unloaded, so that any process can load it. An ephemeral thread ends.
    pub(in crate::random) fn mark_unloaded(&mut self, id: &str) {
        let thread = self.model.thread_mut(id);
        thread.writer = None;
        if thread.ephemeral {
            self.end_ephemeral(id);
        }
    }
}
