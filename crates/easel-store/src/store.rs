//! The store as the rest of Easel sees it.

use std::path::PathBuf;
use std::sync::Arc;

use easel_imagegen::port::{CallEnd, CallStart, ImageSource, SourceRefused, StorageError, Store, StoredThread};
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
use crate::lease::{self, LeaseRefused};
use crate::page::PageRefused;
use crate::revert::Reverted;
use crate::source::Limits;
use crate::worker::Worker;
use crate::{append, fork, history, intake, journal, removal, revert, thread_list, turn_list};

/// Easel's home on this machine. Cheap to clone; several processes may have the same home open.
#[derive(Debug, Clone)]
pub struct EaselStore {
    worker: Worker,
    pub(crate) home: Arc<Home>,
    pub(crate) owner: Arc<str>,
    pub(crate) limits: Limits,
}

impl EaselStore {
    /// Returns at once; the database is opened, and what dead processes left open is closed, before the first
    /// operation is answered. When that fails, every operation says why.
    ///
    /// `home` must be absolute.
    pub fn open(home: PathBuf, limits: Limits) -> Self {
        let home = Arc::new(Home::new(home));
        let owner: Arc<str> = uuid::Uuid::now_v7().to_string().into();
        let worker = Worker::start(home.clone(), owner.clone());
        Self { worker, home, owner, limits }
    }

    /// Ends the use of the home: what was asked before is done, what is asked after, by any clone, is refused.
    pub async fn close(&self) {
        self.worker.close().await;
    }

    /// Writes a new thread, or the changed fields of a known one. Without `overrides`, those of a known thread stay. An
    /// ephemeral thread is kept in memory until [`EaselStore::forget`].
    pub async fn put_thread(&self, thread: Thread, overrides: Option<Map<String, Value>>) -> Result<(), StorageError> {
        self.run(move |database| {
            if thread.ephemeral {
                database.memory.connection(&database.home)?;
                database.memory.take_in(&database.home, &thread.id)?;
            }
            database.write_to(&thread.id, |write| append::put_thread(write, &thread, overrides.as_ref()))
        })
        .await
    }

    /// Writes a thread that begins as a copy of another.
    pub async fn fork(&self, wish: Fork) -> Result<(), HistoryRefused> {
        self.worker.run(move |database| fork::fork(database, &wish)).await
    }

    /// Adds to the conversation as the model reads it, after the newest turn.
    pub async fn inject(&self, thread_id: &str, items: Vec<ResponseItem>) -> Result<(), StorageError> {
        let (thread_id, home) = (thread_id.to_owned(), self.home.clone());
        self.run(move |database| {
            database.write_to(&thread_id, |write| {
                let turn_id = history::newest_turn(write, &thread_id)?.unwrap_or_default();
                items.iter().try_for_each(|item| append::add_model_item(write, &home, &thread_id, &turn_id, item))
            })
        })
        .await
    }

    /// Takes turns of a thread back. The images that they made are kept.
    pub async fn revert(&self, thread_id: &str, reverted: Reverted) -> Result<(), HistoryRefused> {
        let thread_id = thread_id.to_owned();
        self.worker.run(move |database| revert::revert(database, &thread_id, &reverted)).await
    }

    /// Deletes a thread that this process writes to, with the files that no other thread shows; false when there is no
    /// such thread.
    pub async fn delete(&self, thread_id: &str) -> Result<bool, StorageError> {
        let thread_id = thread_id.to_owned();
        self.run(move |database| removal::delete(database, &thread_id)).await
    }

    /// Ends an ephemeral thread; its images stay. Nothing happens to other threads.
    pub async fn forget(&self, thread_id: &str) -> Result<(), StorageError> {
        let thread_id = thread_id.to_owned();
        self.run(move |database| database.memory.forget(&thread_id)).await
    }

    /// The token usage that a thread had after its last turn, and that turn's id; `None` before the first answer.
    pub async fn usage(&self, thread_id: &str) -> Result<Option<(String, ThreadTokenUsage)>, StorageError> {
        let thread_id = thread_id.to_owned();
        self.run(move |database| history::usage(database.of(&thread_id), &thread_id)).await
    }

    /// A thread without turns, with status `notLoaded`.
    pub async fn thread(&self, thread_id: &str) -> Result<Option<Thread>, StorageError> {
        let thread_id = thread_id.to_owned();
        self.run(move |database| history::thread(database.of(&thread_id), &thread_id)).await
    }

    /// All that an actor needs to carry a thread on.
    pub async fn load(&self, thread_id: &str) -> Result<Option<StoredThread>, StorageError> {
        let (thread_id, home) = (thread_id.to_owned(), self.home.clone());
        self.run(move |database| history::load(database.of(&thread_id), &home, &thread_id)).await
    }

    /// All turns of a thread, oldest first; none when there is no such thread.
    pub async fn all_turns(&self, thread_id: &str, view: TurnItemsView) -> Result<Vec<Turn>, StorageError> {
        let (thread_id, home) = (thread_id.to_owned(), self.home.clone());
        self.run(move |database| turn_list::all_turns(database.of(&thread_id), &home, &thread_id, view)).await
    }

    pub async fn threads(&self, wish: ThreadListParams) -> Result<ThreadListResponse, PageRefused> {
        self.worker.run(move |database| thread_list::threads(&database.connection, &wish)).await
    }

    /// Threads that a term is found in.
    pub async fn search(&self, wish: ThreadSearchParams) -> Result<ThreadSearchResponse, PageRefused> {
        self.worker.run(move |database| thread_list::search(&database.connection, &wish)).await
    }

    pub async fn turns(&self, wish: ThreadTurnsListParams) -> Result<ThreadTurnsListResponse, PageRefused> {
        let home = self.home.clone();
        self.worker.run(move |database| turn_list::turns(database.of(&wish.thread_id), &home, &wish)).await
    }

    pub async fn items(&self, wish: ThreadItemsListParams) -> Result<ThreadItemsListResponse, PageRefused> {
        let home = self.home.clone();
        self.worker.run(move |database| turn_list::items(database.of(&wish.thread_id), &home, &wish)).await
    }

    /// Made images, newest first.
    pub async fn images(&self, wish: ImageListParams) -> Result<ImageListResponse, PageRefused> {
        let home = self.home.clone();
        self.worker.run(move |database| image_list::images(&database.connection, &home, &wish)).await
    }

    /// The image that a handle names, made or attached.
    pub async fn image(&self, handle: &str) -> Result<Option<StoredImage>, StorageError> {
        let (handle, home) = (handle.to_owned(), self.home.clone());
        self.run(move |database| image_list::image(&database.connection, &home, &handle)).await
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
        let thread_id = thread_id.to_owned();
        self.worker.run(move |database| lease::acquire(database, &thread_id)).await
    }

    /// The same for the images of a thread, also of an ephemeral one that has ended.
    pub async fn acquire_images(&self, thread_id: &str) -> Result<(), LeaseRefused> {
        let thread_id = thread_id.to_owned();
        self.worker.run(move |database| lease::acquire_images(database, &thread_id)).await
    }

    /// Whether this process could be the writer of a thread now; it does not become it.
    pub async fn may_write(&self, thread_id: &str) -> Result<(), LeaseRefused> {
        let thread_id = thread_id.to_owned();
        self.worker.run(move |database| lease::check(database, &thread_id)).await
    }

    /// Lets another process write to the thread. Nothing happens when this one is not its writer.
    pub async fn release_writer(&self, thread_id: &str) -> Result<(), StorageError> {
        let thread_id = thread_id.to_owned();
        self.run(move |database| lease::release(database, &thread_id)).await
    }

    /// Reads one page of a list.
    pub(crate) async fn page<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, PageRefused> + Send + 'static,
    ) -> Result<T, PageRefused> {
        self.worker.run(move |database| read(&database.connection)).await
    }

    pub(crate) async fn run<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&mut Database) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StorageError> {
        self.worker.run(operation).await.map_err(StorageError::from)
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
        let Some(thread_id) = events.first().and_then(append::thread_of).map(str::to_owned) else { return Ok(()) };
        let (home, owner) = (self.home.clone(), self.owner.clone());
        self.run(move |database| {
            let append = |write: &Transaction<'_>| {
                events.iter().try_for_each(|event| append::event(write, &home, &owner, event))
            };
            database.write_to(&thread_id, append)
        })
        .await
    }

    async fn take_in(&self, thread_id: &str, source: ImageSource) -> Result<Attachment, SourceRefused> {
        intake::take_in(self, thread_id, source).await
    }

    async fn reserve(&self, call: CallStart) -> Result<(), StorageError> {
        self.run(move |database| journal::reserve(database, call)).await
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
        self.worker.run_anyway(settle).await.map_err(StorageError::from)
    }
}
