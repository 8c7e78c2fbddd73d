use std::sync::Arc;

use easel_protocol::method::ThreadResume;
use easel_protocol::thread::{ThreadResumeParams, ThreadResumeResponse};

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext, validate};
use crate::threads::Threads;

impl Handler for ThreadResume {
    type Service = Threads;

    async fn handle(
        threads: Arc<Threads>,
        cx: RequestContext,
        params: ThreadResumeParams,
    ) -> HandlerResult<ThreadResumeResponse> {
        let params = ThreadResumeParams {
            cwd: validate::path("cwd", params.cwd)?,
            model: validate::name("model", params.model)?,
            model_provider: validate::name("modelProvider", params.model_provider)?,
            ..params
        };
        let (response, warnings) = threads.resume(&cx.client, params).await?;
        Ok(HandlerOutput::with_follow_up(response, async move { threads.send_warnings(&cx.client, &warnings).await }))
    }
}
