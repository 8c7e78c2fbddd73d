use std::sync::Arc;

use easel_protocol::method::ThreadList;
use easel_protocol::thread::{ThreadListParams, ThreadListResponse};
use uuid::Uuid;

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext, RequestError};
use crate::threads::Threads;

/// Maximum number of threads that a request excludes.
const MAX_EXCLUDED: usize = 100;

impl Handler for ThreadList {
    type Service = Threads;

    async fn handle(
        threads: Arc<Threads>,
        _cx: RequestContext,
        params: ThreadListParams,
    ) -> HandlerResult<ThreadListResponse> {
        let excluded = params.excluded_thread_ids.as_deref().unwrap_or_default();
        if excluded.len() > MAX_EXCLUDED {
            return Err(RequestError::field("excludedThreadIds", format!("has more than {MAX_EXCLUDED} ids")));
        }
        if !excluded.iter().all(|id| Uuid::try_parse(id).is_ok()) {
            return Err(RequestError::field("excludedThreadIds", "has an entry that is not a thread id"));
        }
        Ok(HandlerOutput::new(threads.list(params).await?))
    }
}
