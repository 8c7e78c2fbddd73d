use std::sync::Arc;

use easel_protocol::method::ThreadRead;
use easel_protocol::thread::{ThreadReadParams, ThreadReadResponse};

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};
use crate::threads::Threads;

impl Handler for ThreadRead {
    type Service = Threads;

    fn max_response_bytes(params: &ThreadReadParams) -> Option<usize> {
        (params.include_turns == Some(true)).then_some(usize::MAX)
    }

    async fn handle(
        threads: Arc<Threads>,
        _cx: RequestContext,
        params: ThreadReadParams,
    ) -> HandlerResult<ThreadReadResponse> {
        let thread = match params.include_turns {
            Some(true) => threads.read_with_turns(&params.thread_id).await?,
            Some(false) | None => threads.require(&params.thread_id).await?,
        };
        Ok(HandlerOutput::new(ThreadReadResponse { thread }))
    }
}
