//! What is read of the store.

use easel_imagegen::port::{StorageError, StoredThread};
use easel_protocol::event::ThreadTokenUsage;
use easel_protocol::image::{ImageListParams, ImageListResponse};
use easel_protocol::thread::{
    Thread, ThreadItemsListParams, ThreadItemsListResponse, ThreadListParams, ThreadListResponse,
    ThreadTurnsListParams, ThreadTurnsListResponse,
};
use easel_protocol::thread::{ThreadSearchParams, ThreadSearchResponse};
use easel_protocol::turn::{Turn, TurnItemsView};
use rusqlite::Connection;

use super::EaselStore;
use crate::db::workers::Reads;
use crate::error::Error;
use crate::images::import;
use crate::lists::image_list::{self, ImageBytes, StoredImage};
use crate::lists::page::PageError;
use crate::lists::thread_list;
use crate::lists::turn_list;
use crate::threads::history;

impl EaselStore {
    /// The token usage that a thread had after its last turn, and that turn's id; `None` before the first answer.
    pub async fn token_usage(&self, thread_id: &str) -> Result<Option<(String, ThreadTokenUsage)>, StorageError> {
        let id = thread_id.to_owned();
        self.read_of(thread_id, Reads::Page, move |connection| history::usage(connection, &id)).await
    }

    /// A thread without turns, with status `notLoaded`.
    pub async fn thread(&self, thread_id: &str) -> Result<Option<Thread>, StorageError> {
        let id = thread_id.to_owned();
        self.read_of(thread_id, Reads::Page, move |connection| history::thread(connection, &id)).await
    }

    /// All that an actor needs to carry a thread on.
    pub async fn load_thread(&self, thread_id: &str) -> Result<Option<StoredThread>, StorageError> {
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

    pub async fn list_threads(&self, wish: ThreadListParams) -> Result<ThreadListResponse, PageError> {
        let reads = if thread_list::is_search(&wish) { Reads::Search } else { Reads::Page };
        self.page(reads, move |connection| thread_list::threads(connection, &wish)).await
    }

    /// Threads that a term is found in.
    pub async fn search_threads(&self, wish: ThreadSearchParams) -> Result<ThreadSearchResponse, PageError> {
        self.page(Reads::Search, move |connection| thread_list::search(connection, &wish)).await
    }

    pub async fn list_turns(&self, wish: ThreadTurnsListParams) -> Result<ThreadTurnsListResponse, PageError> {
        let (id, home) = (wish.thread_id.clone(), self.home.clone());
        self.lanes.read_of(&id, Reads::Page, move |connection| turn_list::turns(connection, &home, &wish)).await
    }

    pub async fn list_items(&self, wish: ThreadItemsListParams) -> Result<ThreadItemsListResponse, PageError> {
        let (id, home) = (wish.thread_id.clone(), self.home.clone());
        self.lanes.read_of(&id, Reads::Page, move |connection| turn_list::items(connection, &home, &wish)).await
    }

    /// Made images, newest first.
    pub async fn list_images(&self, wish: ImageListParams) -> Result<ImageListResponse, PageError> {
        let home = self.home.clone();
        self.page(Reads::Page, move |connection| image_list::images(connection, &home, &wish)).await
    }

    /// The image that a handle names, made or attached.
    pub async fn find_image(&self, handle: &str) -> Result<Option<StoredImage>, StorageError> {
        let (handle, home) = (handle.to_owned(), self.home.clone());
        self.read(Reads::Page, move |connection| image_list::image(connection, &home, &handle)).await
    }

    /// At most `length` bytes of an image's file from `offset` on; `None` when no image has the handle.
    pub async fn read_image(&self, handle: &str, offset: u64, length: u32) -> Result<Option<ImageBytes>, StorageError> {
        let Some(image) = self.find_image(handle).await? else { return Ok(None) };
        let home = self.home.clone();
        let read = import::blocking(move || image_list::read(&home, image.path(), offset, length)).await?;
        Ok(Some(read.map_err(StorageError::from)?))
    }

    /// Reads one page of a list.
    pub(crate) async fn page<T: Send + 'static>(
        &self,
        reads: Reads,
        read: impl FnOnce(&Connection) -> Result<T, PageError> + Send + 'static,
    ) -> Result<T, PageError> {
        self.lanes.read(reads, read).await
    }

    /// Reads what is on the disk.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        reads: Reads,
        read: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, StorageError> {
        Ok(self.lanes.read(reads, read).await?)
    }

    /// Reads one thread where it is.
    pub(crate) async fn read_of<T: Send + 'static>(
        &self,
        thread_id: &str,
        reads: Reads,
        read: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, StorageError> {
        Ok(self.lanes.read_of(thread_id, reads, read).await?)
    }
}
