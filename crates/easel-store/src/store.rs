//! The store as the rest of Easel sees it.

mod leases;
mod reads;

use std::path::PathBuf;
use std::sync::Arc;

use easel_imagegen::port::{CallEnd, CallStart, ImageSource, ImportError, RequestStart, StorageError, Store};
use easel_protocol::event::Event;
use easel_protocol::id::ImageId;
use easel_protocol::record::{Attachment, ImageRecord};
use easel_protocol::response_item::ResponseItem;
use easel_protocol::thread::Thread;
use rusqlite::Transaction;
use serde_json::{Map, Value};

use crate::db::connection::Database;
use crate::db::ephemeral::{Locks, Memory};
use crate::db::worker::Patience;
use crate::db::workers::Lanes;
use crate::error::Error;
use crate::files::thread_files::ThreadFiles;
use crate::home::Home;
use crate::images::attachments;
use crate::images::import;
use crate::images::import::copy::ImportLimits;
use crate::journal;
use crate::threads::append;
use crate::threads::delete_thread;
use crate::threads::fork;
use crate::threads::fork::{Fork, HistoryError};
use crate::threads::history;
use crate::threads::pending_messages::{self, PendingMessage};
use crate::threads::revert;
use crate::threads::revert::RevertRange;

/// Easel's home on this machine. Cheap to clone; several processes may have the same home open.
#[derive(Debug, Clone)]
pub struct EaselStore {
    pub(crate) lanes: Lanes,
    pub(crate) home: Arc<Home>,
    pub(crate) owner: Arc<str>,
    pub(crate) limits: ImportLimits,
}

impl EaselStore {
    /// Returns at once; the database is opened, and what dead processes left open is closed, before the first
    /// operation is answered. When that fails, each operation says why, and later ones try again.
    ///
    /// `home` must be absolute.
    pub fn open(home: PathBuf, limits: ImportLimits) -> Self {
        let home = Arc::new(Home::new(home));
        let owner: Arc<str> = uuid::Uuid::now_v7().to_string().into();
        let lanes = Lanes::start(&home, &owner);
        Self { lanes, home, owner, limits }
    }

    /// Ends the use of the home: what was asked before is done, what is asked after, by any clone, is refused.
    pub async fn close(&self) {
        self.lanes.close().await;
    }

    /// Writes a new thread, or the changed fields of a known one. Without `overrides`, those of a known thread stay. An
    /// ephemeral thread is kept in memory until [`EaselStore::forget`].
    pub async fn save_thread(&self, thread: Thread, overrides: Option<Map<String, Value>>) -> Result<(), StorageError> {
        if thread.ephemeral {
            self.lanes.open().await?;
            let put = move |memory: &mut Memory| memory.put_thread(&thread, overrides.as_ref());
            return Ok(self.lanes.memory.write(Patience::Short, put).await?);
        }
        let put = move |write: &Transaction<'_>| append::put_thread(write, &thread, overrides.as_ref());
        self.run(Patience::Short, move |database| database.write(put)).await
    }

    /// Writes a thread that begins as a copy of another.
    pub async fn fork_thread(&self, wish: Fork) -> Result<(), HistoryError> {
        let from_memory = self.lanes.ephemeral.has(&wish.source);
        if from_memory || wish.thread.ephemeral {
            self.lanes.open().await?;
            let fork = move |memory: &mut Memory| fork::with_memory(memory, &wish, from_memory);
            return self.lanes.memory.write(Patience::Short, fork).await;
        }
        self.lanes.writer.write(Patience::Short, move |database| fork::on_disk(database, &wish)).await
    }

    /// Adds to the conversation as the model reads it, after the newest turn.
    pub async fn append_model_items(&self, thread_id: &str, items: Vec<ResponseItem>) -> Result<(), StorageError> {
        let id = thread_id.to_owned();
        let locks = attachments::locks(&items);
        let add = move |write: &Transaction<'_>| {
            let turn_id = history::newest_turn(write, &id)?.unwrap_or_default();
            items.iter().try_for_each(|item| {
                append::add_model_item(write, &id, &turn_id, item)?;
                attachments::keep(write, &id, item)
            })
        };
        Ok(self.lanes.write_to::<_, Error>(thread_id, Patience::Short, locks, add).await?)
    }

    /// Keeps a message that a user adds to a running turn, until it is appended to history. A crash before that puts it into
    /// history at the next start.
    pub async fn save_pending_message(&self, message: PendingMessage) -> Result<(), StorageError> {
        let (thread_id, home) = (message.thread_id.clone(), self.home.clone());
        let put = move |write: &Transaction<'_>| pending_messages::put(write, &home, message);
        Ok(self.lanes.write_to::<_, Error>(&thread_id, Patience::Short, Locks::Memory, put).await?)
    }

    /// Forgets a message that its turn did not accept.
    pub async fn remove_pending_message(&self, thread_id: &str, message_id: &str) -> Result<(), StorageError> {
        let (id, message_id) = (thread_id.to_owned(), message_id.to_owned());
        let remove = move |write: &Transaction<'_>| pending_messages::remove(write, &id, &message_id);
        Ok(self.lanes.write_to::<_, Error>(thread_id, Patience::Short, Locks::Memory, remove).await?)
    }

    /// Removes images that were taken in for a message that was refused, and their files where nothing else shows them.
    pub async fn discard_attachments(&self, thread_id: &str, images: Vec<ImageId>) -> Result<(), StorageError> {
        let thread_id = thread_id.to_owned();
        let discard = move |write: &Transaction<'_>| attachments::discard(write, &thread_id, &images);
        self.run(Patience::Short, move |database| database.write(discard)).await?;
        self.remove_files().await;
        Ok(())
    }

    /// Takes turns of a thread back. The images that they made are kept.
    pub async fn revert_turns(&self, thread_id: &str, reverted: RevertRange) -> Result<(), HistoryError> {
        let id = thread_id.to_owned();
        let revert = move |write: &Transaction<'_>| revert::revert(write, &id, &reverted);
        self.lanes.write_to(thread_id, Patience::Short, Locks::Disk, revert).await
    }

    /// Deletes a thread that this process writes to, with the files that no other thread shows; false when there is no
    /// such thread.
    pub async fn delete_thread(&self, thread_id: &str) -> Result<bool, StorageError> {
        let id = thread_id.to_owned();
        let in_memory = self.lanes.ephemeral.has(thread_id);
        let deleted =
            self.run(Patience::Short, move |database| delete_thread::delete(database, &id, in_memory)).await?;
        self.end_ephemeral_thread(thread_id).await?;
        self.remove_files().await;
        Ok(deleted)
    }

    /// Removes the files that are noted, some at a time, so that others come in between.
    pub(crate) async fn remove_files(&self) {
        let mut next = Some(delete_thread::FIRST.to_owned());
        while let Some(before) = next {
            next = match self.run(Patience::Short, move |database| delete_thread::step(database, &before)).await {
                Ok(next) => next,
                Err(error) => {
                    tracing::warn!(%error, "files that nobody shows stay until the next start");
                    return;
                }
            };
        }
    }

    /// Ends an ephemeral thread; what it made stays, with what that was made of. Nothing happens to other threads.
    pub async fn end_ephemeral_thread(&self, thread_id: &str) -> Result<(), StorageError> {
        if !self.lanes.ephemeral.has(thread_id) {
            return Ok(());
        }
        let thread_id = thread_id.to_owned();
        if self.lanes.memory.write(Patience::Short, move |memory| memory.forget(&thread_id)).await? {
            self.remove_files().await;
        }
        Ok(())
    }

    /// Writes to the disk.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        patience: Patience,
        operation: impl FnOnce(&mut Database) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, StorageError> {
        Ok(self.lanes.writer.write(patience, operation).await?)
    }
}

impl Store for EaselStore {
    type Files = ThreadFiles;

    fn files(&self, thread_id: &str) -> Arc<ThreadFiles> {
        Arc::new(ThreadFiles::new(self.home.clone(), thread_id, None, &self.owner))
    }

    fn call_files(&self, thread_id: &str, call_id: &str) -> Arc<ThreadFiles> {
        Arc::new(ThreadFiles::new(self.home.clone(), thread_id, Some(call_id), &self.owner))
    }

    async fn append(&self, mut events: Vec<Event>) -> Result<(), StorageError> {
        events.retain(|event| append::thread_of(event).is_some());
        append::drop_beginnings(&mut events);
        let Some(thread_id) = events.first().and_then(append::thread_of).map(str::to_owned) else { return Ok(()) };
        // What a request changes can be asked for again; what a turn has done cannot. The start of a turn is part of its
        // request.
        let of_request = |event: &Event| {
            matches!(event, Event::ThreadNameUpdated(_) | Event::ThreadArchived(_) | Event::ThreadUnarchived(_))
        };
        let starts_turn = |event: &Event| matches!(event, Event::TurnStarted(_));
        let is_request = events.iter().all(of_request) || events.iter().any(starts_turn);
        let patience = if is_request { Patience::Short } else { Patience::Long };
        let touches_disk = |event: &Event| {
            if let Event::RawResponseItemCompleted(raw) = event {
                return append::is_of_user(&raw.item)
                    && attachments::locks(std::slice::from_ref(&raw.item)) == Locks::Disk;
            }
            matches!(event, Event::ThreadTokenUsageUpdated(_))
        };
        let locks = if events.iter().any(touches_disk) { Locks::Disk } else { Locks::Memory };
        let (home, owner) = (self.home.clone(), self.owner.clone());
        let append = move |write: &Transaction<'_>| {
            events.iter().try_for_each(|event| append::event(write, &home, &owner, event))
        };
        Ok(self.lanes.write_to::<_, Error>(&thread_id, patience, locks, append).await?)
    }

    async fn import_image(&self, thread_id: &str, source: ImageSource) -> Result<Attachment, ImportError> {
        import::take_in(self, thread_id, source).await
    }

    async fn reserve(&self, call: CallStart) -> Result<(), StorageError> {
        self.run(Patience::Long, move |database| journal::reserve(database, call)).await
    }

    async fn adopt_pending(&self, thread_id: &str, turn_id: &str) -> Result<Vec<Event>, StorageError> {
        let (id, turn_id, home) = (thread_id.to_owned(), turn_id.to_owned(), self.home.clone());
        let adopt = move |write: &Transaction<'_>| pending_messages::adopt(write, &home, &id, &turn_id);
        Ok(self.lanes.write_to::<_, Error>(thread_id, Patience::Long, Locks::Disk, adopt).await?)
    }

    async fn reserve_request(&self, request: RequestStart) -> Result<(), StorageError> {
        if self.lanes.ephemeral.has(&request.thread_id) {
            // It ends with the process that could tell of it.
            return Ok(());
        }
        self.run(Patience::Long, move |database| journal::hosted::reserve(database, &request)).await
    }

    async fn settle(&self, thread_id: &str, call_id: &str, end: CallEnd) -> Result<Vec<ImageRecord>, StorageError> {
        // A hosted call is known only now: before its end may have to wait for the database.
        let end = journal::assign(end, &self.owner, thread_id, call_id);
        let (thread_id, call_id) = (thread_id.to_owned(), call_id.to_owned());
        let home = self.home.clone();
        let settle =
            move |database: Result<&mut Database, Error>| journal::settle(&home, database, &thread_id, &call_id, end);
        Ok(self.lanes.writer.write_anyway(Patience::Long, settle).await?)
    }
}
