//! The implementation of the [`Store`] port.

use std::sync::Arc;

use easel_imagegen::model_copy::{CopySize, ModelCopies};
use easel_imagegen::port::{
    CallEnd, CallStart, EditSource, GeneratedImages, ImageSource, ImportError, Reference, RequestStart, ReserveError,
    StorageError, Store, ThreadImage,
};
use easel_imagegen::spending::{Budget, Limits};
use easel_protocol::event::Event;
use easel_protocol::record::{Attachment, Billed, ImageRecord};
use rusqlite::{Connection, Transaction};
use tokio_util::sync::CancellationToken;

use super::EaselStore;
use crate::db::connection::Database;
use crate::db::ephemeral::WriteScope;
use crate::db::now_ms;
use crate::db::worker::LockTimeout;
use crate::db::workers::ReadKind;
use crate::error::Error;
use crate::files::thread_files::ThreadFiles;
use crate::images::{attachments, import};
use crate::journal::{self, calls, hosted, ledger};
use crate::threads::history::{ids, images as stored_images};
use crate::threads::{append, pending_messages};

impl Store for EaselStore {
    type Files = ThreadFiles;

    fn files(&self, thread_id: &str) -> Arc<ThreadFiles> {
        Arc::new(ThreadFiles::new(self.home.clone(), thread_id, None, &self.owner))
    }

    fn call_files(&self, thread_id: &str, call_id: &str) -> Arc<ThreadFiles> {
        Arc::new(ThreadFiles::new(self.home.clone(), thread_id, Some(call_id), &self.owner))
    }

    async fn model_copies(&self, images: Vec<(Reference, CopySize)>) -> ModelCopies {
        self.copy_maker.copies(&self.home, images).await
    }

    async fn append(&self, mut events: Vec<Event>) -> Result<(), StorageError> {
        events.retain(|event| append::thread_id_of(event).is_some());
        append::drop_completed_starts(&mut events);
        let Some(thread_id) = events.first().and_then(append::thread_id_of).map(str::to_owned) else { return Ok(()) };
        let (lock_timeout, scope) = (lock_timeout(&events), write_scope(&events));
        let (home, owner) = (self.home.clone(), self.owner.clone());
        let append = move |write: &Transaction<'_>| {
            events.iter().try_for_each(|event| append::write_event(write, &home, &owner, event))
        };
        self.write_thread(&thread_id, lock_timeout, scope, append).await
    }

    async fn find_free_number(&self, thread_id: &str, preferred: &str, first: u32) -> Result<u32, StorageError> {
        let (id, preferred) = (thread_id.to_owned(), preferred.to_owned());
        let find = move |connection: &Connection| ids::find_free_number(connection, &id, &preferred, first);
        self.read_thread(thread_id, ReadKind::Page, find).await
    }

    async fn find_images(&self, thread_id: &str, names: Vec<String>) -> Result<Vec<ThreadImage>, StorageError> {
        let (id, home) = (thread_id.to_owned(), self.home.clone());
        let find = move |connection: &Connection| stored_images::find_named(connection, &home, &id, &names);
        self.read_thread(thread_id, ReadKind::Page, find).await
    }

    async fn import_image(&self, thread_id: &str, source: ImageSource) -> Result<Attachment, ImportError> {
        import::import_image(self, thread_id, source).await
    }

    async fn budget(&self, thread_id: &str, limits: Limits) -> Result<Budget, StorageError> {
        let thread_id = thread_id.to_owned();
        let read = move |connection: &Connection| journal::read_budget(connection, limits, &thread_id, now_ms());
        self.read(ReadKind::Page, read).await
    }

    async fn reserve(&self, call: CallStart) -> Result<Option<Budget>, ReserveError> {
        let reserved = self.write(LockTimeout::Long, move |database| calls::reserve(database, &call)).await?;
        reserved.map_err(ReserveError::Refused)
    }

    async fn adopt_pending(&self, thread_id: &str, turn_id: &str) -> Result<Vec<Event>, StorageError> {
        let (id, turn_id, home) = (thread_id.to_owned(), turn_id.to_owned(), self.home.clone());
        let adopt = move |write: &Transaction<'_>| pending_messages::move_to_history(write, &home, &id, &turn_id);
        self.write_thread(thread_id, LockTimeout::Long, WriteScope::Disk, adopt).await
    }

    async fn reserve_request(&self, request: RequestStart) -> Result<Option<Budget>, ReserveError> {
        let is_ephemeral = self.workers.ephemeral_threads.contains(&request.thread_id);
        if is_ephemeral && request.synthetic {
            return Ok(None);
        }
        let reserve = move |database: &mut Database| hosted::reserve(database, &request, is_ephemeral);
        self.write(LockTimeout::Long, reserve).await?.map_err(ReserveError::Refused)
    }

    async fn end_request(
        &self,
        thread_id: &str,
        turn_id: &str,
        billed: Billed,
        request_id: Option<&str>,
    ) -> Result<(), StorageError> {
        let (thread_id, turn_id) = (thread_id.to_owned(), turn_id.to_owned());
        let request_id = request_id.map(str::to_owned);
        let end = move |database: &mut Database| {
            database.write(|write| ledger::end_request(write, &thread_id, &turn_id, billed, request_id.as_deref()))
        };
        self.write(LockTimeout::Long, end).await
    }

    async fn examine_edit(
        &self,
        thread_id: &str,
        call_id: &str,
        edit: EditSource,
        mut made: GeneratedImages,
        stop: &CancellationToken,
    ) -> GeneratedImages {
        // Before the comparison, so that a crash meanwhile loses no image of a hosted call.
        journal::assign_call(&mut made, &self.owner, thread_id, call_id);
        self.edit_examiner.examine(&self.home, self.call_files(thread_id, call_id), edit, made, stop).await
    }

    async fn settle(&self, thread_id: &str, call_id: &str, mut end: CallEnd) -> Result<Vec<ImageRecord>, StorageError> {
        // Before the wait for the database, so that a crash meanwhile loses no image of a hosted call.
        if let CallEnd::Generated { made, .. } = &mut end {
            journal::assign_call(made, &self.owner, thread_id, call_id);
        }
        let (thread_id, call_id) = (thread_id.to_owned(), call_id.to_owned());
        let home = self.home.clone();
        let settle =
            move |database: Result<&mut Database, Error>| journal::settle(&home, database, &thread_id, &call_id, end);
        Ok(self.workers.writer.write_or_recover(LockTimeout::Long, settle).await?)
    }
}

/// Returns how long a write of these events waits for the lock. A client can send a request again, but the work of a
/// turn must not be lost. The start of a turn is part of its request.
fn lock_timeout(events: &[Event]) -> LockTimeout {
    let is_of_request = |event: &Event| {
        matches!(event, Event::ThreadNameUpdated(_) | Event::ThreadArchived(_) | Event::ThreadUnarchived(_))
    };
    let starts_turn = |event: &Event| matches!(event, Event::TurnStarted(_));
    let is_request = events.iter().all(is_of_request) || events.iter().any(starts_turn);
    if is_request { LockTimeout::Short } else { LockTimeout::Long }
}

/// Returns what a write of these events touches if the thread is ephemeral.
fn write_scope(events: &[Event]) -> WriteScope {
    let touches_disk = |event: &Event| {
        if let Event::RawResponseItemCompleted(raw) = event {
            return append::is_user_message(&raw.item)
                && attachments::write_scope(std::slice::from_ref(&raw.item)) == WriteScope::Disk;
        }
        matches!(event, Event::ThreadTokenUsageUpdated(_))
    };
    if events.iter().any(touches_disk) { WriteScope::Disk } else { WriteScope::Memory }
}
