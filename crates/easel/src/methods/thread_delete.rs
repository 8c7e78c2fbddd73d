use std::sync::Arc;

use easel_protocol::method::ThreadDelete;
use easel_protocol::thread::{ThreadDeleteParams, ThreadDeleteResponse};

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};
use crate::threads::Threads;

impl Handler for ThreadDelete {
    type Service = Threads;

    async fn handle(
        threads: Arc<Threads>,
        cx: RequestContext,
        params: ThreadDeleteParams,
    ) -> HandlerResult<ThreadDeleteResponse> {
        let thread_id = params.thread_id;
        let deleted = threads.delete(&thread_id).await?;
        Ok(HandlerOutput::with_follow_up(ThreadDeleteResponse {}, async move {
            threads.publish_deleted(thread_id, &cx.client, deleted).await;
        }))
    }
}
