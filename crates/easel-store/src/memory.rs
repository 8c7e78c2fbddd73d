//! Ephemeral threads: their rows are in a database in memory and end with the process. Their images are kept on the disk
//! with journal and records like all others, since they may have been paid for.

use std::collections::HashMap;

use rusqlite::Connection;

use crate::database;
use crate::fault::Fault;
use crate::home::Home;
use crate::owner::{Gate, Owner};

/// Where the tables of a thread are, seen from [`Memory::connection`].
pub(crate) const IN_MEMORY: &str = "main";
pub(crate) const ON_DISK: &str = "disk";

/// Tables that stay on the disk. Without them in memory, their bare names mean those on the disk.
const LEFT_ON_DISK: [&str; 4] = ["images", "calls", "removals", "usage"];

/// Opened with the first ephemeral thread.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    connection: Option<Connection>,
    /// Each with a lock of its own, by which other processes know that it lives: the disk has no row of it.
    threads: HashMap<String, Owner>,
}

impl Memory {
    pub(crate) fn has(&self, thread_id: &str) -> bool {
        self.threads.contains_key(thread_id)
    }

    pub(crate) fn of(&mut self, thread_id: &str) -> Option<&mut Connection> {
        if self.has(thread_id) { self.connection.as_mut() } else { None }
    }

    /// A connection that has both databases: `main` in memory, `disk` on the disk.
    pub(crate) fn connection(&mut self, home: &Home) -> Result<&mut Connection, Fault> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => open(home)?,
        };
        Ok(self.connection.insert(connection))
    }

    /// From now on the thread is here.
    pub(crate) fn take_in(&mut self, home: &Home, thread_id: &str) -> Result<(), Fault> {
        if !self.has(thread_id) {
            let lock = Owner::claim(home, thread_id, &Gate::enter(home)?)?;
            self.threads.insert(thread_id.to_owned(), lock);
        }
        Ok(())
    }

    pub(crate) fn forget(&mut self, thread_id: &str) -> Result<(), Fault> {
        if let Some(connection) = self.of(thread_id) {
            connection.execute("DELETE FROM main.threads WHERE id = ?1", [thread_id])?;
            self.threads.remove(thread_id);
        }
        Ok(())
    }
}

fn open(home: &Home) -> Result<Connection, Fault> {
    let mut connection = Connection::open_in_memory()?;
    database::set_up(&connection)?;
    database::migrate(&mut connection)?;
    for table in LEFT_ON_DISK {
        connection.execute_batch(&format!("DROP TABLE {table}"))?;
    }
    let path = home.database();
    connection.execute("ATTACH DATABASE ?1 AS disk", [path.to_string_lossy()])?;
    Ok(connection)
}
