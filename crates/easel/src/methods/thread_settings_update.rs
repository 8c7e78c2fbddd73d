use std::sync::Arc;

use easel_protocol::method::ThreadSettingsUpdate;
use easel_protocol::thread::{ThreadSettingsUpdateParams, ThreadSettingsUpdateResponse};

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext, validate};
use crate::threads::{SettingsUpdate, Threads};

impl Handler for ThreadSettingsUpdate {
    type Service = Threads;

    async fn handle(
        threads: Arc<Threads>,
        cx: RequestContext,
        params: ThreadSettingsUpdateParams,
    ) -> HandlerResult<ThreadSettingsUpdateResponse> {
        let thread_id = params.thread_id;
        let update = SettingsUpdate {
            cwd: validate::path("cwd", params.cwd)?,
            model: validate::name("model", params.model)?,
            effort: validate::name("effort", params.effort)?,
            summary: params.summary,
        };
        let event = threads.update_settings(&thread_id, update).await?;
        let Some(event) = event else { return Ok(HandlerOutput::new(ThreadSettingsUpdateResponse {})) };
        Ok(HandlerOutput::with_follow_up(ThreadSettingsUpdateResponse {}, async move {
            threads.publish(&thread_id, &cx.client, event).await;
        }))
    }
}
