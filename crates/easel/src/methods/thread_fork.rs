use std::sync::Arc;

use easel_protocol::method::ThreadFork;
use easel_protocol::thread::{ThreadForkParams, ThreadSettings};

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext, validate};
use crate::threads::{CreatedThread, Threads};

impl Handler for ThreadFork {
    type Service = Threads;

    async fn handle(
        threads: Arc<Threads>,
        cx: RequestContext,
        params: ThreadForkParams,
    ) -> HandlerResult<ThreadSettings> {
        let params = ThreadForkParams {
            cwd: validate::path("cwd", params.cwd)?,
            model: validate::name("model", params.model)?,
            model_provider: validate::name("modelProvider", params.model_provider)?,
            ..params
        };
        let CreatedThread { response, announcement } = threads.fork(&cx.client, params).await?;
        Ok(HandlerOutput::with_follow_up(response, async move { threads.announce(&cx.client, announcement).await }))
    }
}
