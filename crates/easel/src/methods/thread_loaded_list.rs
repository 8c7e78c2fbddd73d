use easel_protocol::method::ThreadLoadedList;
use easel_protocol::thread::{ThreadLoadedListParams, ThreadLoadedListResponse};

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for ThreadLoadedList {
    async fn handle(cx: Cx, params: ThreadLoadedListParams) -> Result<Answer<ThreadLoadedListResponse>, Refusal> {
        let ids = cx.app.threads.ids();
        let (data, next_cursor) = super::page(ids, params.cursor.as_deref(), params.limit, |id| id)?;
        Ok(Answer::new(ThreadLoadedListResponse { data, next_cursor }))
    }
}
