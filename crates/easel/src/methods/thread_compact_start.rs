use std::sync::Arc;

use easel_protocol::method::ThreadCompactStart;
use easel_protocol::thread::{ThreadCompactStartParams, ThreadCompactStartResponse};

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};
use crate::turns::Turns;

impl Handler for ThreadCompactStart {
    type Service = Turns;

    async fn handle(
        turns: Arc<Turns>,
        cx: RequestContext,
        params: ThreadCompactStartParams,
    ) -> HandlerResult<ThreadCompactStartResponse> {
        let response_signal = turns.compact(&cx.client, &cx.cancellation, &params.thread_id).await?;
        Ok(HandlerOutput::with_follow_up(ThreadCompactStartResponse {}, async move {
            response_signal.send();
        }))
    }
}
