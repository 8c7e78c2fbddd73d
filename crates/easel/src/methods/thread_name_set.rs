use std::sync::Arc;

use easel_protocol::method::ThreadNameSet;
use easel_protocol::thread::{ThreadSetNameParams, ThreadSetNameResponse};

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext, validate};
use crate::threads::Threads;

/// Maximum length of a name, in Unicode scalar values.
const MAX_NAME_CHARS: usize = 200;

impl Handler for ThreadNameSet {
    type Service = Threads;

    async fn handle(
        threads: Arc<Threads>,
        cx: RequestContext,
        params: ThreadSetNameParams,
    ) -> HandlerResult<ThreadSetNameResponse> {
        let (thread_id, name) = (params.thread_id, params.name.trim());
        validate::length("name", name, MAX_NAME_CHARS)?;
        let event = threads.rename(&thread_id, name).await?;
        Ok(HandlerOutput::with_follow_up(ThreadSetNameResponse {}, async move {
            threads.publish(&thread_id, &cx.client, event).await;
        }))
    }
}
