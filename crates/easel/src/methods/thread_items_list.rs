use std::sync::Arc;

use easel_protocol::method::ThreadItemsList;
use easel_protocol::thread::{ThreadItemsListParams, ThreadItemsListResponse};

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};
use crate::threads::Threads;

impl Handler for ThreadItemsList {
    type Service = Threads;

    /// A page is short, except for a single entry that is long.
    fn max_response_bytes(_params: &ThreadItemsListParams) -> Option<usize> {
        Some(usize::MAX)
    }

    async fn handle(
        threads: Arc<Threads>,
        _cx: RequestContext,
        params: ThreadItemsListParams,
    ) -> HandlerResult<ThreadItemsListResponse> {
        Ok(HandlerOutput::new(threads.list_items(params).await?))
    }
}
