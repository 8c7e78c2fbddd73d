use std::sync::Arc;

use easel_protocol::method::ThreadUnarchive;
use easel_protocol::thread::{ThreadUnarchiveParams, ThreadUnarchiveResponse};

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};
use crate::threads::Threads;

impl Handler for ThreadUnarchive {
    type Service = Threads;

    async fn handle(
        threads: Arc<Threads>,
        cx: RequestContext,
        params: ThreadUnarchiveParams,
    ) -> HandlerResult<ThreadUnarchiveResponse> {
        let thread_id = params.thread_id;
        let (event, thread) = threads.unarchive(&thread_id).await?;
        let response = thread.map(|thread| ThreadUnarchiveResponse { thread });
        Ok(HandlerOutput::try_with_follow_up(response, async move {
            threads.publish(&thread_id, &cx.client, event).await;
        }))
    }
}
