use std::sync::Arc;

use easel_protocol::method::ThreadRevert;
use easel_protocol::thread::{ThreadRevertParams, ThreadRevertResponse};
use easel_store::RevertRange;

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};
use crate::threads::Threads;

impl Handler for ThreadRevert {
    type Service = Threads;

    async fn handle(
        threads: Arc<Threads>,
        cx: RequestContext,
        params: ThreadRevertParams,
    ) -> HandlerResult<ThreadRevertResponse> {
        let thread_id = params.thread_id;
        let event = threads.revert(&thread_id, RevertRange::From(params.before_turn_id)).await?;
        let response = threads.read_reverted(&thread_id).await;
        Ok(HandlerOutput::try_with_follow_up(response, async move {
            threads.publish(&thread_id, &cx.client, event).await;
        }))
    }
}
