//! What others do to the home: a program locks the database, and a user removes files.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use rusqlite::Connection;

use crate::random::world::World;

/// The longest time that the program holds its lock, in milliseconds.
const MAX_LOCK_MS: usize = 1_500;

impl World {
    /// Locks the database from another program for a while. No request may fail because of it.
    pub(in crate::random) fn lock(&mut self) {
        self.await_database_lock();
        let path = self.sandbox.home().join("easel.db");
        let duration = Duration::from_millis(self.rng.below(MAX_LOCK_MS) as u64);
        self.database_lock = Some(std::thread::spawn(move || {
            let connection = Connection::open(path).expect("the database of the home");
            connection.busy_timeout(Duration::from_secs(60)).expect("a timeout");
            connection.execute_batch("BEGIN IMMEDIATE").expect("a lock");
            let (_never, end) = mpsc::sync_channel::<()>(1);
            // Nothing is sent: this waits for the timeout.
            let _ = end.recv_timeout(duration);
            connection.execute_batch("ROLLBACK").expect("the lock is held");
        }));
    }

    pub(in crate::random) fn await_database_lock(&mut self) {
        if self.database_lock.take().is_some_and(|lock| lock.join().is_err()) {
            panic!("the foreign program failed");
        }
    }

    /// Removes the file of an image. Its threads must continue without it.
    pub(in crate::random) fn remove_image_file(&mut self) {
        let Some(handle) = self.some_image() else { return };
        let path = self.model.images[&handle].path.clone();
        if !self.model.shown_handles().contains(&handle) || !Path::new(&path).exists() {
            return;
        }
        // Running turns may be reading the file.
        for id in self.model.threads.iter().map(|thread| thread.id.clone()).collect::<Vec<_>>() {
            self.finish_quick_turn(&id);
        }
        std::fs::remove_file(&path).expect("an image of the home");
        self.model.missing_files.insert(handle);
    }
}
