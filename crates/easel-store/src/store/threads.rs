//! Methods that write one thread, and those that read its row.

use std::collections::HashSet;

use easel_imagegen::port::{StorageError, StoredThread};
use easel_protocol::event::ThreadTokenUsage;
use easel_protocol::id::{ImageId, TurnId};
use easel_protocol::response_item::ResponseItem;
use easel_protocol::thread::Thread;
use rusqlite::{Connection, Transaction};
use serde_json::{Map, Value};

use super::EaselStore;
use crate::db::ephemeral::{EphemeralDatabase, WriteScope};
use crate::db::worker::LockTimeout;
use crate::db::workers::ReadKind;
use crate::error::Error;
use crate::images::attachments;
use crate::threads::face::{self, ThreadOwner};
use crate::threads::fork::{self, Fork, HistoryError};
use crate::threads::pending_messages::{self, PendingMessage};
use crate::threads::revert::{self, RevertRange};
use crate::threads::settings::{self, StoredSettings};
use crate::threads::{delete_thread, history, rows};

impl EaselStore {
    /// Finds a thread. It has no turns, and its status is `notLoaded`.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn thread(&self, thread_id: &str) -> Result<Option<Thread>, StorageError> {
        let id = thread_id.to_owned();
        self.read_thread(thread_id, ReadKind::Page, move |connection| history::find_thread(connection, &id)).await
    }

    /// Reads what an actor needs to continue a thread.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn load_thread(&self, thread_id: &str) -> Result<Option<StoredThread>, StorageError> {
        let (id, home) = (thread_id.to_owned(), self.home.clone());
        let load = move |connection: &Connection| history::load(connection, &home, &id);
        self.read_thread(thread_id, ReadKind::WholeThread, load).await
    }

    /// Returns the token usage of a thread after its newest response, with that turn; `None` before the first response.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn token_usage(&self, thread_id: &str) -> Result<Option<(TurnId, ThreadTokenUsage)>, StorageError> {
        let id = thread_id.to_owned();
        self.read_thread(thread_id, ReadKind::Page, move |connection| history::find_token_usage(connection, &id)).await
    }

    /// Returns the settings that a thread was stored with.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn thread_settings(&self, thread_id: &str) -> Result<Option<StoredSettings>, StorageError> {
        let id = thread_id.to_owned();
        self.read_thread(thread_id, ReadKind::Page, move |connection| settings::read(connection, &id)).await
    }

    /// Records that a client has named the thread's current folder.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn mark_folder_named(&self, thread_id: &str) -> Result<(), StorageError> {
        let id = thread_id.to_owned();
        let mark = move |write: &Transaction<'_>| settings::mark_folder_named(write, &id);
        self.write_thread(thread_id, LockTimeout::Short, WriteScope::Memory, mark).await
    }

    /// Stores the protocol over which a thread on the disk was started, if it was not the app-server's.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn set_thread_face(&self, thread_id: &str, face: String) -> Result<(), StorageError> {
        let id = thread_id.to_owned();
        let set = move |write: &Transaction<'_>| face::set_face(write, &id, &face);
        self.write_thread(thread_id, LockTimeout::Short, WriteScope::Disk, set).await
    }

    /// Returns whether a thread has the owner.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn is_thread_of(&self, thread_id: &str, owner: ThreadOwner) -> Result<bool, StorageError> {
        let id = thread_id.to_owned();
        let read = move |connection: &Connection| face::is_of_owner(connection, &id, &owner);
        self.read(ReadKind::Page, read).await
    }

    /// Gives a thread the images of other threads of its owner that these handles name. The caller must be the
    /// thread's writer. Other handles have no effect.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn adopt_images(&self, thread_id: &str, handles: Vec<String>) -> Result<(), StorageError> {
        let id = thread_id.to_owned();
        let adopt = move |write: &Transaction<'_>| face::adopt_images(write, &id, &handles);
        self.write_thread(thread_id, LockTimeout::Short, WriteScope::Disk, adopt).await
    }

    /// Inserts a thread, or updates the row of a known one. Without `overrides`, a known thread keeps its own. An
    /// ephemeral thread is kept in memory until [`EaselStore::end_ephemeral_thread`].
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn save_thread(&self, thread: Thread, overrides: Option<Map<String, Value>>) -> Result<(), StorageError> {
        if thread.ephemeral {
            self.workers.open().await?;
            let save = move |database: &mut EphemeralDatabase| database.save_thread(&thread, overrides.as_ref());
            return Ok(self.workers.ephemeral.write(LockTimeout::Short, save).await?);
        }
        let save = move |write: &Transaction<'_>| rows::save_thread(write, &thread, overrides.as_ref());
        self.write(LockTimeout::Short, move |database| database.write(save)).await
    }

    /// Copies a thread under a new id.
    ///
    /// # Errors
    /// If the thread or the last turn does not exist, if that turn is running, or if the database cannot be written.
    pub async fn fork_thread(&self, fork: Fork) -> Result<(), HistoryError> {
        let from_memory = self.workers.ephemeral_threads.contains(&fork.source);
        if from_memory || fork.thread.ephemeral {
            self.workers.open().await?;
            let copy = move |database: &mut EphemeralDatabase| fork::fork_ephemeral(database, &fork, from_memory);
            return self.workers.ephemeral.write(LockTimeout::Short, copy).await;
        }
        self.workers.writer.write(LockTimeout::Short, move |database| fork::fork_on_disk(database, &fork)).await
    }

    /// Removes turns from history. Their images are kept.
    ///
    /// # Errors
    /// If the thread or the turn does not exist, if a turn is running, or if the database cannot be written.
    pub async fn revert_turns(&self, thread_id: &str, range: RevertRange) -> Result<(), HistoryError> {
        let id = thread_id.to_owned();
        let revert = move |write: &Transaction<'_>| revert::revert(write, &id, &range);
        self.workers.write_thread(thread_id, LockTimeout::Short, WriteScope::Disk, revert).await
    }

    /// Deletes a thread and the files that no other thread references. Returns false if the thread does not exist. The
    /// caller must be the thread's writer.
    ///
    /// # Errors
    /// If the database cannot be written. Files that cannot be removed are tried again later.
    pub async fn delete_thread(&self, thread_id: &str) -> Result<bool, StorageError> {
        let id = thread_id.to_owned();
        let is_ephemeral = self.workers.ephemeral_threads.contains(thread_id);
        let delete = self.write(LockTimeout::Short, move |database| delete_thread::delete(database, &id, is_ephemeral));
        let existed = delete.await?;
        self.end_ephemeral_thread(thread_id).await?;
        self.remove_files().await;
        Ok(existed)
    }

    /// Ends an ephemeral thread; other threads are not touched. Generated images are kept with the images that they
    /// were made from.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn end_ephemeral_thread(&self, thread_id: &str) -> Result<(), StorageError> {
        if !self.workers.ephemeral_threads.contains(thread_id) {
            return Ok(());
        }
        let id = thread_id.to_owned();
        if self.workers.ephemeral.write(LockTimeout::Short, move |database| database.end_thread(&id)).await? {
            self.remove_files().await;
        }
        Ok(())
    }

    /// Appends to the conversation as the model reads it, after the newest turn.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn append_model_items(&self, thread_id: &str, items: Vec<ResponseItem>) -> Result<(), StorageError> {
        let id = thread_id.to_owned();
        let scope = attachments::write_scope(&items);
        let append = move |write: &Transaction<'_>| {
            let turn_id = history::find_newest_turn(write, &id)?.unwrap_or_default();
            items.iter().try_for_each(|item| {
                rows::append_model_item(write, &id, &turn_id, item)?;
                attachments::claim_for_message(write, &id, item)
            })
        };
        self.write_thread(thread_id, LockTimeout::Short, scope, append).await
    }

    /// Returns those of the ids that an item or a call of the thread has.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn find_used_ids(&self, thread_id: &str, ids: Vec<String>) -> Result<HashSet<String>, StorageError> {
        let id = thread_id.to_owned();
        let find = move |connection: &Connection| {
            let mut used = HashSet::new();
            for candidate in ids {
                if history::ids::is_used(connection, &id, &candidate)? {
                    used.insert(candidate);
                }
            }
            Ok(used)
        };
        self.read_thread(thread_id, ReadKind::Page, find).await
    }

    /// Stores a message that a user adds to a running turn, until it enters history. After a crash, recovery moves it
    /// to history.
    ///
    /// # Errors
    /// If the turn is not in history, or if the database cannot be written.
    pub async fn save_pending_message(&self, message: PendingMessage) -> Result<(), StorageError> {
        let (thread_id, home) = (message.thread_id.clone(), self.home.clone());
        let save = move |write: &Transaction<'_>| pending_messages::save(write, &home, message);
        self.write_thread(&thread_id, LockTimeout::Short, WriteScope::Memory, save).await
    }

    /// Deletes a message that its turn did not accept.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn remove_pending_message(&self, thread_id: &str, message_id: &str) -> Result<(), StorageError> {
        let (id, message_id) = (thread_id.to_owned(), message_id.to_owned());
        let remove = move |write: &Transaction<'_>| pending_messages::remove(write, &id, &message_id);
        self.write_thread(thread_id, LockTimeout::Short, WriteScope::Memory, remove).await
    }

    /// Removes attachments of a message that was refused, and their files if nothing else references them.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn discard_attachments(&self, thread_id: &str, images: Vec<ImageId>) -> Result<(), StorageError> {
        let thread_id = thread_id.to_owned();
        let discard = move |write: &Transaction<'_>| attachments::discard(write, &thread_id, &images);
        self.write(LockTimeout::Short, move |database| database.write(discard)).await?;
        self.remove_files().await;
        Ok(())
    }

    /// Reads from the database that has the thread.
    pub(super) async fn read_thread<T: Send + 'static>(
        &self,
        thread_id: &str,
        kind: ReadKind,
        read: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, StorageError> {
        Ok(self.workers.read_thread(thread_id, kind, read).await?)
    }

    /// Writes to the database that has the thread.
    pub(super) async fn write_thread<T: Send + 'static>(
        &self,
        thread_id: &str,
        lock_timeout: LockTimeout,
        scope: WriteScope,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, StorageError> {
        Ok(self.workers.write_thread(thread_id, lock_timeout, scope, work).await?)
    }
}
