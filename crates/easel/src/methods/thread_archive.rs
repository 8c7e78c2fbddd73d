use std::sync::Arc;

use easel_protocol::method::ThreadArchive;
use easel_protocol::thread::{ThreadArchiveParams, ThreadArchiveResponse};

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};
use crate::threads::Threads;

impl Handler for ThreadArchive {
    type Service = Threads;

    async fn handle(
        threads: Arc<Threads>,
        cx: RequestContext,
        params: ThreadArchiveParams,
    ) -> HandlerResult<ThreadArchiveResponse> {
        let thread_id = params.thread_id;
        let event = threads.archive(&thread_id).await?;
        Ok(HandlerOutput::with_follow_up(ThreadArchiveResponse {}, async move {
            threads.publish_last(&thread_id, &cx.client, event).await;
        }))
    }
}
