use std::sync::Arc;

use easel_protocol::method::ThreadUnsubscribe;
use easel_protocol::thread::{ThreadUnsubscribeParams, ThreadUnsubscribeResponse};

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};
use crate::threads::{AfterUnsubscribe, Threads};

impl Handler for ThreadUnsubscribe {
    type Service = Threads;

    async fn handle(
        threads: Arc<Threads>,
        cx: RequestContext,
        params: ThreadUnsubscribeParams,
    ) -> HandlerResult<ThreadUnsubscribeResponse> {
        let thread_id = params.thread_id;
        let (status, after) = threads.unsubscribe(&thread_id, &cx.client);
        let response = ThreadUnsubscribeResponse { status };
        match after {
            AfterUnsubscribe::Nothing => Ok(HandlerOutput::new(response)),
            AfterUnsubscribe::Unload => Ok(HandlerOutput::with_follow_up(response, async move {
                threads.unload_unsubscribed(thread_id, &cx.client).await;
            })),
        }
    }
}
