use easel_protocol::method::ThreadLoadedList;
use easel_protocol::thread::{ThreadLoadedListParams, ThreadLoadedListResponse};
use uuid::Uuid;

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for ThreadLoadedList {
    async fn handle(cx: Cx, params: ThreadLoadedListParams) -> Result<Answer<ThreadLoadedListResponse>, Refusal> {
        let mut ids = cx.app.threads.ids();
        // The thread that the cursor names may have left memory since; the order of ids says where the next page begins.
        if let Some(cursor) = params.cursor {
            let cursor = Uuid::parse_str(&cursor).map_err(|_| Refusal::cursor())?.to_string();
            ids.retain(|id| **id > *cursor);
        }
        let (data, next_cursor) = super::page(ids, None, params.limit, |id| id)?;
        Ok(Answer::new(ThreadLoadedListResponse { data, next_cursor }))
    }
}
