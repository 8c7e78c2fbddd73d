use std::sync::Arc;

use easel_protocol::method::ThreadStart;
use easel_protocol::thread::{ThreadSettings, ThreadStartParams};

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext, validate};
use crate::threads::{CreatedThread, Threads};

impl Handler for ThreadStart {
    type Service = Threads;

    async fn handle(
        threads: Arc<Threads>,
        cx: RequestContext,
        params: ThreadStartParams,
    ) -> HandlerResult<ThreadSettings> {
        let params = ThreadStartParams {
            cwd: validate::path("cwd", params.cwd)?,
            model: validate::name("model", params.model)?,
            model_provider: validate::name("modelProvider", params.model_provider)?,
            ..params
        };
        let CreatedThread { response, announcement } = threads.start(&cx.client, params).await?;
        Ok(HandlerOutput::with_follow_up(response, async move { threads.announce(&cx.client, announcement).await }))
    }
}
