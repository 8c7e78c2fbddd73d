//! The store as the rest of Easel sees it.

use std::path::PathBuf;
use std::sync::Arc;

use easel_imagegen::port::{
    CallEnd, CallStart, ImageSource, RequestStart, SourceRefused, StorageError, Store, StoredThread,
};
use easel_protocol::event::{Event, ThreadTokenUsage};
use easel_protocol::image::{ImageListParams, ImageListResponse};
use easel_protocol::record::{Attachment, ImageRecord};
use easel_protocol::response_item::ResponseItem;
use easel_protocol::thread::{
    Thread, ThreadItemsListParams, ThreadItemsListResponse, ThreadListParams, ThreadListResponse,
    ThreadTurnsListParams, ThreadTurnsListResponse,
};
use easel_protocol::thread_search::{ThreadSearchParams, ThreadSearchResponse};
use easel_protocol::turn::{Turn, TurnItemsView};
use rusqlite::{Connection, Transaction};
use serde_json::{Map, Value};

use crate::database::Database;
use crate::fault::Fault;
use crate::files::{StagedImage, ThreadFiles};
use crate::fork::{Fork, HistoryRefused};
use crate::home::Home;
use crate::image_list::{self, ImageBytes, StoredImage};
use crate::lanes::{Lanes, Reads};
use crate::lease::{self, Acquired, LeaseRefused};
use crate::memory::{Locks, Memory};
use crate::owner::Gate;
use crate::page::PageRefused;
use crate::revert::Reverted;
use crate::source::Limits;
use crate::steers::{self, PendingMessage};
use crate::worker::Patience;
use crate::{append, attachments, fork, history, intake, journal, removal, revert, thread_list, turn_list};

/// Easel's home on this machine. Cheap to clone; several processes may have the same home open.
#[derive(Debug, Clone)]
pub struct EaselStore {
    pub(crate) lanes: Lanes,
    pub(crate) home: Arc<Home>,
    pub(crate) owner: Arc<str>,
    pub(crate) limits: Limits,
}

impl EaselStore {
    /// Returns at once; the database is opened, and what dead processes left open is closed, before the first
    /// operation is answered. When that fails, each operation says why, and later ones try again.
    ///
    /// `home` must be absolute.
    pub fn open(home: PathBuf, limits: Limits) -> Self {
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
    pub async fn put_thread(&self, thread: Thread, overrides: Option<Map<String, Value>>) -> Result<(), StorageError> {
        if thread.ephemeral {
            self.lanes.open().await?;
            let put = move |memory: &mut Memory| memory.put_thread(&thread, overrides.as_ref());
            return Ok(self.lanes.memory.write(Patience::Short, put).await?);
        }
        let put = move |write: &Transaction<'_>| append::put_thread(write, &thread, overrides.as_ref());
        self.run(Patience::Short, move |database| database.write(put)).await
    }

    /// Writes a thread that begins as a copy of another.
    pub async fn fork(&self, wish: Fork) -> Result<(), HistoryRefused> {
        let from_memory = self.lanes.ephemeral.has(&wish.source);
        if from_memory || wish.thread.ephemeral {
            self.lanes.open().await?;
            let fork = move |memory: &mut Memory| fork::with_memory(memory, &wish, from_memory);
            return self.lanes.memory.write(Patience::Short, fork).await;
        }
        self.lanes.writer.write(Patience::Short, move |database| fork::on_disk(database, &wish)).await
    }

    /// Adds to the conversation as the model reads it, after the newest turn.
    pub async fn inject(&self, thread_id: &str, items: Vec<ResponseItem>) -> Result<(), StorageError> {
        let (id, home) = (thread_id.to_owned(), self.home.clone());
        let locks = attachments::locks(&items);
        let add = move |write: &Transaction<'_>| {
            let turn_id = history::newest_turn(write, &id)?.unwrap_or_default();
            items.iter().try_for_each(|item| {
                append::add_model_item(write, &home, &id, &turn_id, item)?;
                attachments::keep(write, &id, item)
            })
        };
        Ok(self.lanes.write_to::<_, Fault>(thread_id, Patience::Short, locks, add).await?)
    }

    /// Keeps a message that a user adds to a running turn, until it is appended to history. A crash before that puts it into
    /// history at the next start.
    pub async fn put_pending(&self, message: PendingMessage) -> Result<(), StorageError> {
        let (thread_id, home) = (message.thread_id.clone(), self.home.clone());
        let put = move |write: &Transaction<'_>| steers::put(write, &home, message);
        Ok(self.lanes.write_to::<_, Fault>(&thread_id, Patience::Short, Locks::Memory, put).await?)
    }

    /// Forgets a message that its turn did not accept.
    pub async fn remove_pending(&self, thread_id: &str, message_id: &str) -> Result<(), StorageError> {
        let (id, message_id) = (thread_id.to_owned(), message_id.to_owned());
        let remove = move |write: &Transaction<'_>| steers::remove(write, &id, &message_id);
        Ok(self.lanes.write_to::<_, Fault>(thread_id, Patience::Short, Locks::Memory, remove).await?)
    }

    /// Removes images that were taken in for a message that was refused, and their files where nothing else shows them.
    pub async fn discard(&self, thread_id: &str, images: Vec<String>) -> Result<(), StorageError> {
        let thread_id = thread_id.to_owned();
        let discard = move |write: &Transaction<'_>| attachments::discard(write, &thread_id, &images);
        self.run(Patience::Short, move |database| database.write(discard)).await?;
        self.remove_files().await;
        Ok(())
    }

    /// Takes turns of a thread back. The images that they made are kept.
    pub async fn revert(&self, thread_id: &str, reverted: Reverted) -> Result<(), HistoryRefused> {
        let id = thread_id.to_owned();
        let revert = move |write: &Transaction<'_>| revert::revert(write, &id, &reverted);
        self.lanes.write_to(thread_id, Patience::Short, Locks::Disk, revert).await
    }

    /// Deletes a thread that this process writes to, with the files that no other thread shows; false when there is no
    /// such thread.
    pub async fn delete(&self, thread_id: &str) -> Result<bool, StorageError> {
        let id = thread_id.to_owned();
        let in_memory = self.lanes.ephemeral.has(thread_id);
        let deleted = self.run(Patience::Short, move |database| removal::delete(database, &id, in_memory)).await?;
        self.forget(thread_id).await?;
        self.remove_files().await;
        Ok(deleted)
    }

    /// Removes the files that are noted, some at a time, so that others come in between.
    pub(crate) async fn remove_files(&self) {
        let mut next = Some(removal::FIRST.to_owned());
        while let Some(before) = next {
            next = match self.run(Patience::Short, move |database| removal::step(database, &before)).await {
                Ok(next) => next,
                Err(error) => {
                    tracing::warn!(%error, "files that nobody shows stay until the next start");
                    return;
                }
            };
        }
    }

    /// Ends an ephemeral thread; what it made stays, with what that was made of. Nothing happens to other threads.
    pub async fn forget(&self, thread_id: &str) -> Result<(), StorageError> {
        if !self.lanes.ephemeral.has(thread_id) {
            return Ok(());
        }
        let thread_id = thread_id.to_owned();
        if self.lanes.memory.write(Patience::Short, move |memory| memory.forget(&thread_id)).await? {
            self.remove_files().await;
        }
        Ok(())
    }

    /// The token usage that a thread had after its last turn, and that turn's id; `None` before the first answer.
    pub async fn usage(&self, thread_id: &str) -> Result<Option<(String, ThreadTokenUsage)>, StorageError> {
        let id = thread_id.to_owned();
        self.read_of(thread_id, Reads::Page, move |connection| history::usage(connection, &id)).await
    }

    /// A thread without turns, with status `notLoaded`.
    pub async fn thread(&self, thread_id: &str) -> Result<Option<Thread>, StorageError> {
        let id = thread_id.to_owned();
        self.read_of(thread_id, Reads::Page, move |connection| history::thread(connection, &id)).await
    }

    /// All that an actor needs to carry a thread on.
    pub async fn load(&self, thread_id: &str) -> Result<Option<StoredThread>, StorageError> {
        let (id, home) = (thread_id.to_owned(), self.home.clone());
        self.read_of(thread_id, Reads::Whole, move |connection| history::load(connection, &home, &id)).await
    }

    /// All turns of a thread, oldest first; none when there is no such thread.
    pub async fn all_turns(&self, thread_id: &str, view: TurnItemsView) -> Result<Vec<Turn>, StorageError> {
        let (id, home) = (thread_id.to_owned(), self.home.clone());
        let read = move |connection: &Connection| turn_list::all_turns(connection, &home, &id, view);
        self.read_of(thread_id, Reads::Whole, read).await
    }

    /// The newest turns of a thread with their items, oldest first, as many as fit into so many bytes of JSON; then older
    /// ones without items, as long as those fit.
    pub async fn newest_turns(&self, thread_id: &str, bytes: usize) -> Result<Vec<Turn>, StorageError> {
        let (id, home) = (thread_id.to_owned(), self.home.clone());
        let read = move |connection: &Connection| turn_list::newest_turns(connection, &home, &id, bytes);
        self.read_of(thread_id, Reads::Whole, read).await
    }

    pub async fn threads(&self, wish: ThreadListParams) -> Result<ThreadListResponse, PageRefused> {
        let reads = if thread_list::is_search(&wish) { Reads::Search } else { Reads::Page };
        self.page(reads, move |connection| thread_list::threads(connection, &wish)).await
    }

    /// Threads that a term is found in.
    pub async fn search(&self, wish: ThreadSearchParams) -> Result<ThreadSearchResponse, PageRefused> {
        self.page(Reads::Search, move |connection| thread_list::search(connection, &wish)).await
    }

    pub async fn turns(&self, wish: ThreadTurnsListParams) -> Result<ThreadTurnsListResponse, PageRefused> {
        let (id, home) = (wish.thread_id.clone(), self.home.clone());
        self.lanes.read_of(&id, Reads::Page, move |connection| turn_list::turns(connection, &home, &wish)).await
    }

    pub async fn items(&self, wish: ThreadItemsListParams) -> Result<ThreadItemsListResponse, PageRefused> {
        let (id, home) = (wish.thread_id.clone(), self.home.clone());
        self.lanes.read_of(&id, Reads::Page, move |connection| turn_list::items(connection, &home, &wish)).await
    }

    /// Made images, newest first.
    pub async fn images(&self, wish: ImageListParams) -> Result<ImageListResponse, PageRefused> {
        let home = self.home.clone();
        self.page(Reads::Page, move |connection| image_list::images(connection, &home, &wish)).await
    }

    /// The image that a handle names, made or attached.
    pub async fn image(&self, handle: &str) -> Result<Option<StoredImage>, StorageError> {
        let (handle, home) = (handle.to_owned(), self.home.clone());
        self.read(Reads::Page, move |connection| image_list::image(connection, &home, &handle)).await
    }

    /// At most `length` bytes of an image's file from `offset` on; `None` when no image has the handle.
    pub async fn read_image(&self, handle: &str, offset: u64, length: u32) -> Result<Option<ImageBytes>, StorageError> {
        let Some(image) = self.image(handle).await? else { return Ok(None) };
        let home = self.home.clone();
        let read = intake::blocking(move || image_list::read(&home, image.path(), offset, length)).await?;
        Ok(Some(read.map_err(StorageError::from)?))
    }

    /// Makes this process the writer of a thread, and closes what a dead writer left open in it.
    pub async fn acquire_writer(&self, thread_id: &str) -> Result<(), LeaseRefused> {
        if self.lanes.ephemeral.has(thread_id) {
            return Ok(());
        }
        let mut gate: Option<Gate> = None;
        loop {
            let id = thread_id.to_owned();
            let acquire = move |database: &mut Database| lease::acquire(database, &id, gate.as_ref());
            match self.lanes.writer.write(Patience::Short, acquire).await? {
                Acquired::Yes => return Ok(()),
                // Waited for here, where nobody else is kept from the database.
                Acquired::NeedsGate => gate = Some(Gate::enter(&self.home).await?),
            }
        }
    }

    /// The same for the images of a thread, also of an ephemeral one that has ended.
    pub async fn acquire_images(&self, thread_id: &str) -> Result<(), LeaseRefused> {
        let acquired = self.acquire_writer(thread_id).await;
        if !matches!(acquired, Err(LeaseRefused::UnknownThread)) {
            return acquired;
        }
        let (home, thread_id) = (self.home.clone(), thread_id.to_owned());
        let check = move |connection: &Connection| lease::check_ephemeral(connection, &home, &thread_id);
        self.lanes.read(Reads::Page, check).await
    }

    /// Whether this process could be the writer of a thread now; it does not become it.
    pub async fn may_write(&self, thread_id: &str) -> Result<(), LeaseRefused> {
        if self.lanes.ephemeral.has(thread_id) {
            return Ok(());
        }
        let (home, me, thread_id) = (self.home.clone(), self.owner.clone(), thread_id.to_owned());
        self.lanes.read(Reads::Page, move |connection| lease::check(connection, &home, &me, &thread_id)).await
    }

    /// Lets another process write to the thread. Nothing happens when this one is not its writer.
    pub async fn release_writer(&self, thread_id: &str) -> Result<(), StorageError> {
        if self.lanes.ephemeral.has(thread_id) {
            return Ok(());
        }
        let thread_id = thread_id.to_owned();
        self.run(Patience::Short, move |database| lease::release(database, &thread_id)).await
    }

    /// Reads one page of a list.
    pub(crate) async fn page<T: Send + 'static>(
        &self,
        reads: Reads,
        read: impl FnOnce(&Connection) -> Result<T, PageRefused> + Send + 'static,
    ) -> Result<T, PageRefused> {
        self.lanes.read(reads, read).await
    }

    /// Reads what is on the disk.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        reads: Reads,
        read: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StorageError> {
        Ok(self.lanes.read(reads, read).await?)
    }

    /// Reads one thread where it is.
    pub(crate) async fn read_of<T: Send + 'static>(
        &self,
        thread_id: &str,
        reads: Reads,
        read: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StorageError> {
        Ok(self.lanes.read_of(thread_id, reads, read).await?)
    }

    /// Writes to the disk.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        patience: Patience,
        operation: impl FnOnce(&mut Database) -> Result<T, Fault> + Send + 'static,
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
        let touches_disk = |event: &Event| match event {
            Event::ThreadTokenUsageUpdated(_) => true,
            Event::RawResponseItemCompleted(raw) => {
                append::is_of_user(&raw.item) && attachments::locks(std::slice::from_ref(&raw.item)) == Locks::Disk
            }
            _ => false,
        };
        let locks = if events.iter().any(touches_disk) { Locks::Disk } else { Locks::Memory };
        let (home, owner) = (self.home.clone(), self.owner.clone());
        let append = move |write: &Transaction<'_>| {
            events.iter().try_for_each(|event| append::event(write, &home, &owner, event))
        };
        Ok(self.lanes.write_to::<_, Fault>(&thread_id, patience, locks, append).await?)
    }

    async fn take_in(&self, thread_id: &str, source: ImageSource) -> Result<Attachment, SourceRefused> {
        intake::take_in(self, thread_id, source).await
    }

    async fn reserve(&self, call: CallStart) -> Result<(), StorageError> {
        self.run(Patience::Long, move |database| journal::reserve(database, call)).await
    }

    async fn reserve_request(&self, request: RequestStart) -> Result<(), StorageError> {
        if self.lanes.ephemeral.has(&request.thread_id) {
            // It ends with the process that could tell of it.
            return Ok(());
        }
        self.run(Patience::Long, move |database| journal::hosted::reserve(database, &request)).await
    }

    async fn settle(
        &self,
        thread_id: &str,
        call_id: &str,
        end: CallEnd<StagedImage>,
    ) -> Result<Vec<ImageRecord>, StorageError> {
        // A hosted call is known only now: before its end may have to wait for the database.
        let end = journal::assign(end, &self.owner, thread_id, call_id);
        let (thread_id, call_id) = (thread_id.to_owned(), call_id.to_owned());
        let home = self.home.clone();
        let settle =
            move |database: Result<&mut Database, Fault>| journal::settle(&home, database, &thread_id, &call_id, end);
        Ok(self.lanes.writer.write_anyway(Patience::Long, settle).await?)
    }
}
