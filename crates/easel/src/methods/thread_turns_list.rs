use std::sync::Arc;

use easel_protocol::method::ThreadTurnsList;
use easel_protocol::thread::{ThreadTurnsListParams, ThreadTurnsListResponse};

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};
use crate::threads::Threads;

impl Handler for ThreadTurnsList {
    type Service = Threads;

    /// A page is short, except for a single entry that is long.
    fn max_response_bytes(_params: &ThreadTurnsListParams) -> Option<usize> {
        Some(usize::MAX)
    }

    async fn handle(
        threads: Arc<Threads>,
        _cx: RequestContext,
        params: ThreadTurnsListParams,
    ) -> HandlerResult<ThreadTurnsListResponse> {
        Ok(HandlerOutput::new(threads.list_turns(params).await?))
    }
}
