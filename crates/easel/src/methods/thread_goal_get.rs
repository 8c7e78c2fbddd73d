use std::sync::Arc;

use easel_protocol::absent::{ThreadGoalGetParams, ThreadGoalGetResponse};
use easel_protocol::method::ThreadGoalGet;

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};
use crate::threads::Threads;

impl Handler for ThreadGoalGet {
    type Service = Threads;

    async fn handle(
        threads: Arc<Threads>,
        _cx: RequestContext,
        params: ThreadGoalGetParams,
    ) -> HandlerResult<ThreadGoalGetResponse> {
        threads.require(&params.thread_id).await?;
        Ok(HandlerOutput::new(ThreadGoalGetResponse::default()))
    }
}
