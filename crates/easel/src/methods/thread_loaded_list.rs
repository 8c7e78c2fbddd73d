use std::sync::Arc;

use easel_protocol::method::ThreadLoadedList;
use easel_protocol::thread::{ThreadLoadedListParams, ThreadLoadedListResponse};
use uuid::Uuid;

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext, RequestError, paginate};
use crate::threads::Threads;

impl Handler for ThreadLoadedList {
    type Service = Threads;

    async fn handle(
        threads: Arc<Threads>,
        _cx: RequestContext,
        params: ThreadLoadedListParams,
    ) -> HandlerResult<ThreadLoadedListResponse> {
        let mut ids = threads.loaded.ids();
        // The thread of the cursor may have been unloaded since; ids are ordered, so the next page begins after it.
        if let Some(cursor) = params.cursor {
            let cursor = Uuid::parse_str(&cursor).map_err(|_| RequestError::cursor())?.to_string();
            ids.retain(|id| id.as_str() > cursor.as_str());
        }
        let (data, next_cursor) = paginate(ids, None, params.limit, |id| id)?;
        Ok(HandlerOutput::new(ThreadLoadedListResponse { data, next_cursor }))
    }
}
