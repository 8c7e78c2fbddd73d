//! Reads threads, their turns and their items.

use easel_protocol::thread::{
    SortDirection, Thread, ThreadItemsListParams, ThreadItemsListResponse, ThreadListParams, ThreadListResponse,
    ThreadTurnsListParams, ThreadTurnsListResponse,
};
use easel_protocol::thread::{ThreadSearchParams, ThreadSearchResponse, ThreadSearchResult};
use easel_protocol::turn::{Turn, TurnItemsView};

use super::{Threads, require_thread};
use crate::requests::RequestError;

/// Maximum size of the turns in a response to `thread/resume` and similar methods, in bytes: the line stays under 64
/// KiB however long the thread is.
const MAX_TURN_BYTES: usize = 56 << 10;

impl Threads {
    /// Returns a page of threads.
    ///
    /// # Errors
    /// [`RequestError::BadField`] for an invalid cursor, and those of the store.
    pub(crate) async fn list(&self, params: ThreadListParams) -> Result<ThreadListResponse, RequestError> {
        let page = self.store.list_threads(params).await.map_err(|error| RequestError::page(error, None))?;
        let data = page.data.into_iter().map(|thread| self.loaded.with_status(thread)).collect();
        Ok(ThreadListResponse { data, ..page })
    }

    /// Returns a page of the threads that match a search term.
    ///
    /// # Errors
    /// [`RequestError::BadField`] for an invalid cursor, and those of the store.
    pub(crate) async fn search(&self, params: ThreadSearchParams) -> Result<ThreadSearchResponse, RequestError> {
        let page = self.store.search_threads(params).await.map_err(|error| RequestError::page(error, None))?;
        let with_status = |found: ThreadSearchResult| {
            let thread = self.loaded.with_status(found.thread);
            ThreadSearchResult { thread, ..found }
        };
        let data = page.data.into_iter().map(with_status).collect();
        Ok(ThreadSearchResponse { data, ..page })
    }

    /// Returns a thread with all its turns.
    ///
    /// # Errors
    /// [`RequestError::ThreadNotFound`], and those of the store.
    pub(crate) async fn read_with_turns(&self, thread_id: &str) -> Result<Thread, RequestError> {
        let thread = require_thread(&self.store, thread_id).await?;
        let turns = self.store.load_all_turns(thread_id, TurnItemsView::Full).await?;
        Ok(Thread { turns, ..self.loaded.with_status(thread) })
    }

    /// Returns a thread with its newest turns, or without turns if `exclude_turns` is true.
    ///
    /// # Errors
    /// [`RequestError::ThreadNotFound`], and those of the store.
    pub(crate) async fn read_with_newest_turns(
        &self,
        thread_id: &str,
        exclude_turns: Option<bool>,
    ) -> Result<Thread, RequestError> {
        let thread = require_thread(&self.store, thread_id).await?;
        let turns = self.newest_turns(thread_id, exclude_turns).await?;
        Ok(Thread { turns, ..self.loaded.with_status(thread) })
    }

    /// Returns the newest turns with their items, then older ones without items, as long as they fit. The rest is in
    /// `thread/turns/list` and `thread/items/list`.
    async fn newest_turns(&self, thread_id: &str, exclude: Option<bool>) -> Result<Vec<Turn>, RequestError> {
        match exclude {
            Some(true) => Ok(Vec::new()),
            Some(false) | None => Ok(self.store.load_newest_turns(thread_id, MAX_TURN_BYTES).await?),
        }
    }

    /// Returns the folders that a list by folder is about: those of the request, or that of a thread, or the server's.
    ///
    /// # Errors
    /// [`RequestError::ThreadNotFound`], and those of the store.
    pub(crate) async fn list_folders(
        &self,
        cwds: Vec<String>,
        thread_id: Option<&str>,
    ) -> Result<Vec<String>, RequestError> {
        match thread_id {
            Some(thread_id) => Ok(vec![require_thread(&self.store, thread_id).await?.cwd]),
            None if cwds.is_empty() => Ok(vec![self.configuration.resolve(None).display().to_string()]),
            None => Ok(cwds),
        }
    }

    /// Returns cursors at the newest turn and at the newest item of a thread, from which clients read backwards.
    ///
    /// # Errors
    /// As for [`Threads::list_turns`].
    pub(super) async fn newest_cursors(
        &self,
        thread_id: &str,
    ) -> Result<(Option<String>, Option<String>), RequestError> {
        let sort_direction = Some(SortDirection::Desc);
        let turns = ThreadTurnsListParams {
            thread_id: thread_id.into(),
            cursor: None,
            limit: Some(1),
            sort_direction,
            items_view: Some(TurnItemsView::NotLoaded),
        };
        let items = ThreadItemsListParams {
            thread_id: thread_id.into(),
            turn_id: None,
            cursor: None,
            limit: Some(1),
            sort_direction,
        };
        Ok((self.list_turns(turns).await?.backwards_cursor, self.list_items(items).await?.backwards_cursor))
    }

    /// Returns a page of a thread's turns.
    ///
    /// # Errors
    /// [`RequestError::ThreadNotFound`], [`RequestError::BadField`] for an invalid cursor, and those of the store.
    pub(crate) async fn list_turns(
        &self,
        params: ThreadTurnsListParams,
    ) -> Result<ThreadTurnsListResponse, RequestError> {
        let thread_id = params.thread_id.clone();
        self.store.list_turns(params).await.map_err(|error| RequestError::page(error, Some(&thread_id)))
    }

    /// Returns a page of a thread's items.
    ///
    /// # Errors
    /// As for [`Threads::list_turns`].
    pub(crate) async fn list_items(
        &self,
        params: ThreadItemsListParams,
    ) -> Result<ThreadItemsListResponse, RequestError> {
        let thread_id = params.thread_id.clone();
        self.store.list_items(params).await.map_err(|error| RequestError::page(error, Some(&thread_id)))
    }
}
