//! Replays a stored session, and lists sessions.

use std::collections::HashSet;
use std::sync::Arc;

use easel_protocol::id::{ImageId, ThreadId};
use easel_protocol::image::ImageListParams;
use easel_protocol::method::{ImageList, ThreadList, ThreadTurnsList};
use easel_protocol::thread::{CwdFilter, SortDirection, Thread, ThreadListParams, ThreadTurnsListParams};
use easel_protocol::turn::TurnItemsView;
use easel_rpc::ErrorObjectOwned;

use super::Agent;
use super::errors::app_error;
use crate::schema::{ListSessionsParams, ListSessionsResponse, SessionInfo};
use crate::translate::{Pictures, item_updates, pictures_of};

/// Images of a replay that are shown as pictures: the newest ones. Older ones are links, so that a long session does
/// not take tens of megabytes.
const MAX_PICTURES: u32 = 20;

/// Turns that are read at once.
const TURNS_PER_PAGE: u32 = 10;

/// Longest title of a session, in characters.
const TITLE_CHARS: usize = 80;

impl Agent {
    /// Sends the whole history of a thread as updates.
    pub(super) async fn replay(self: &Arc<Self>, thread_id: &ThreadId) -> Result<(), ErrorObjectOwned> {
        let params = ImageListParams {
            thread_id: Some(thread_id.clone()),
            limit: Some(MAX_PICTURES),
            ..ImageListParams::default()
        };
        let images = self.reads.request::<ImageList>(&params).await.map_err(app_error)?.data;
        let newest: HashSet<ImageId> = images.into_iter().map(|entry| entry.image.id).collect();
        let mut cursor = None;
        loop {
            let params = ThreadTurnsListParams {
                thread_id: thread_id.clone(),
                cursor,
                limit: Some(TURNS_PER_PAGE),
                sort_direction: Some(SortDirection::Asc),
                items_view: Some(TurnItemsView::Full),
            };
            let page = self.reads.request::<ThreadTurnsList>(&params).await.map_err(app_error)?;
            for item in page.data.into_iter().flat_map(|turn| turn.items) {
                let shown = pictures_of(&item, &newest);
                let pictures = if shown.is_empty() { Pictures::new() } else { self.read_pictures(&shown).await };
                for update in item_updates(item, pictures) {
                    self.update(thread_id, &update).await;
                }
            }
            cursor = page.next_cursor;
            if cursor.is_none() || self.outbox.is_closed() {
                return Ok(());
            }
        }
    }

    /// Lists the stored sessions, the last used first.
    pub(crate) async fn list(&self, params: ListSessionsParams) -> Result<ListSessionsResponse, ErrorObjectOwned> {
        let params = ThreadListParams {
            cursor: params.cursor,
            cwd: params.cwd.map(CwdFilter::One),
            ..ThreadListParams::default()
        };
        let page = self.reads.request::<ThreadList>(&params).await.map_err(app_error)?;
        let sessions = page.data.into_iter().map(session_info).collect();
        Ok(ListSessionsResponse { sessions, next_cursor: page.next_cursor })
    }
}

fn session_info(thread: Thread) -> SessionInfo {
    let title = thread.name.or_else(|| short_title(&thread.preview));
    SessionInfo { session_id: thread.id, cwd: thread.cwd, title, updated_at: rfc3339(thread.updated_at) }
}

/// Returns the first words of a text in one line; `None` if it has none.
pub(super) fn short_title(text: &str) -> Option<String> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let title: String = line.chars().take(TITLE_CHARS).collect();
    (!title.is_empty()).then_some(title)
}

/// Returns a time as the protocol writes it.
pub(super) fn rfc3339(seconds: i64) -> Option<String> {
    jiff::Timestamp::from_second(seconds).ok().map(|time| time.to_string())
}
