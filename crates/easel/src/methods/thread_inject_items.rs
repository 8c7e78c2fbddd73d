use std::sync::Arc;

use easel_protocol::method::ThreadInjectItems;
use easel_protocol::thread::{ThreadInjectItemsParams, ThreadInjectItemsResponse};

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};
use crate::threads::Threads;

impl Handler for ThreadInjectItems {
    type Service = Threads;

    async fn handle(
        threads: Arc<Threads>,
        _cx: RequestContext,
        params: ThreadInjectItemsParams,
    ) -> HandlerResult<ThreadInjectItemsResponse> {
        threads.inject_items(&params.thread_id, params.items).await?;
        Ok(HandlerOutput::new(ThreadInjectItemsResponse {}))
    }
}
