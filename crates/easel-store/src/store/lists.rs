//! Methods that read lists.

use easel_imagegen::port::StorageError;
use easel_protocol::id::ThreadId;
use easel_protocol::image::{ImageListParams, ImageListResponse};
use easel_protocol::thread::{
    ThreadItemsListParams, ThreadItemsListResponse, ThreadListParams, ThreadListResponse, ThreadTurnsListParams,
    ThreadTurnsListResponse,
};
use easel_protocol::thread::{ThreadSearchParams, ThreadSearchResponse};
use easel_protocol::turn::{Turn, TurnItemsView};
use easel_protocol::usage::UsageReadParams;
use rusqlite::Connection;

use super::EaselStore;
use crate::db::now_ms;
use crate::db::workers::ReadKind;
use crate::journal::{self, SpendingCounts};
use crate::lists::ledger::{self, LedgerRange, LedgerRow};
use crate::lists::page::PageError;
use crate::lists::usage::{self, DailyTokens, UsagePage};
use crate::lists::{image_list, thread_list, thread_search, turn_list};
use crate::threads::face::ThreadOwner;

impl EaselStore {
    /// Lists threads.
    ///
    /// # Errors
    /// If the cursor is invalid or the database cannot be read.
    pub async fn list_threads(&self, params: ThreadListParams) -> Result<ThreadListResponse, PageError> {
        let kind = if thread_list::is_search(&params) { ReadKind::Search } else { ReadKind::Page };
        self.workers.read(kind, move |connection| thread_list::list_threads(connection, &params)).await
    }

    /// Lists the threads that contain a term.
    ///
    /// # Errors
    /// If the cursor is invalid or the database cannot be read.
    pub async fn search_threads(&self, params: ThreadSearchParams) -> Result<ThreadSearchResponse, PageError> {
        let search = move |connection: &Connection| thread_search::search_threads(connection, &params);
        self.workers.read(ReadKind::Search, search).await
    }

    /// Lists the turns of a thread.
    ///
    /// # Errors
    /// If the thread does not exist, the cursor is invalid, or the database cannot be read.
    pub async fn list_turns(&self, params: ThreadTurnsListParams) -> Result<ThreadTurnsListResponse, PageError> {
        let (id, home) = (params.thread_id.clone(), self.home.clone());
        let list = move |connection: &Connection| turn_list::list_turns(connection, &home, &params);
        self.workers.read_thread(&id, ReadKind::Page, list).await
    }

    /// Lists the items of a thread or of one of its turns.
    ///
    /// # Errors
    /// If the thread does not exist, the cursor is invalid, or the database cannot be read.
    pub async fn list_items(&self, params: ThreadItemsListParams) -> Result<ThreadItemsListResponse, PageError> {
        let (id, home) = (params.thread_id.clone(), self.home.clone());
        let list = move |connection: &Connection| turn_list::list_items(connection, &home, &params);
        self.workers.read_thread(&id, ReadKind::Page, list).await
    }

    /// Returns all turns of a thread, oldest first; none if the thread does not exist.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn load_all_turns(&self, thread_id: &str, view: TurnItemsView) -> Result<Vec<Turn>, StorageError> {
        let (id, home) = (thread_id.to_owned(), self.home.clone());
        let read = move |connection: &Connection| turn_list::load_all_turns(connection, &home, &id, view);
        self.read_thread(thread_id, ReadKind::WholeThread, read).await
    }

    /// Returns the newest turns of a thread, oldest first. Turns have all their items as long as these fit into
    /// `max_bytes` of JSON; turns that fit only without items have none.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn load_newest_turns(&self, thread_id: &str, max_bytes: usize) -> Result<Vec<Turn>, StorageError> {
        let (id, home) = (thread_id.to_owned(), self.home.clone());
        let read = move |connection: &Connection| turn_list::load_newest_turns(connection, &home, &id, max_bytes);
        self.read_thread(thread_id, ReadKind::WholeThread, read).await
    }

    /// Lists generated images, newest first.
    ///
    /// # Errors
    /// If the cursor is invalid or the database cannot be read.
    pub async fn list_images(&self, params: ImageListParams) -> Result<ImageListResponse, PageError> {
        let home = self.home.clone();
        let list = move |connection: &Connection| image_list::list_images(connection, &home, &params, None);
        self.workers.read(ReadKind::Page, list).await
    }

    /// Lists the generated images of an owner's threads, newest first.
    ///
    /// # Errors
    /// Those of [`EaselStore::list_images`].
    pub async fn list_images_of(
        &self,
        params: ImageListParams,
        owner: ThreadOwner,
    ) -> Result<ImageListResponse, PageError> {
        let home = self.home.clone();
        let list = move |connection: &Connection| image_list::list_images(connection, &home, &params, Some(&owner));
        self.workers.read(ReadKind::Page, list).await
    }

    /// Lists usage rows, newest first, with their sums.
    ///
    /// # Errors
    /// If the cursor is invalid or the database cannot be read.
    pub async fn list_usage(&self, params: UsageReadParams) -> Result<UsagePage, PageError> {
        self.workers.read(ReadKind::Search, move |connection| usage::list_usage(connection, &params)).await
    }

    /// Returns what was spent today, and by a thread.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn spending(&self, thread_id: Option<ThreadId>) -> Result<SpendingCounts, StorageError> {
        let read = move |connection: &Connection| journal::read_counts(connection, thread_id.as_deref(), now_ms());
        self.read(ReadKind::Page, read).await
    }

    /// Returns the next rows of the ledger, oldest first, and the range of the rows after them; `None` after the last
    /// page.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn read_ledger(&self, range: LedgerRange) -> Result<(Vec<LedgerRow>, Option<LedgerRange>), StorageError> {
        self.read(ReadKind::Search, move |connection| ledger::read_page(connection, range)).await
    }

    /// Returns the days on which tokens were used, oldest first, and the Julian day number of today.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn daily_tokens(&self) -> Result<(Vec<DailyTokens>, i64), StorageError> {
        self.read(ReadKind::Search, usage::daily_tokens).await
    }
}
