use std::sync::Arc;

use easel_protocol::method::ThreadRollback;
use easel_protocol::thread::{ThreadRollbackParams, ThreadRollbackResponse};
use easel_store::RevertRange;

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext, RequestError};
use crate::threads::Threads;

impl Handler for ThreadRollback {
    type Service = Threads;

    async fn handle(
        threads: Arc<Threads>,
        cx: RequestContext,
        params: ThreadRollbackParams,
    ) -> HandlerResult<ThreadRollbackResponse> {
        if params.num_turns == 0 {
            return Err(RequestError::field("numTurns", "must be at least 1"));
        }
        let thread_id = params.thread_id;
        let event = threads.revert(&thread_id, RevertRange::Newest(params.num_turns)).await?;
        let thread = threads.read_with_newest_turns(&thread_id, None).await;
        let response = thread.map(|thread| ThreadRollbackResponse { thread });
        Ok(HandlerOutput::try_with_follow_up(response, async move {
            threads.publish(&thread_id, &cx.client, event).await;
        }))
    }
}
