use std::sync::Arc;

use easel_protocol::configuration::{ConfigBatchWriteParams, ConfigWriteResponse};
use easel_protocol::method::ConfigBatchWrite;

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};
use crate::settings::Settings;

impl Handler for ConfigBatchWrite {
    type Service = Settings;

    async fn handle(
        settings: Arc<Settings>,
        _cx: RequestContext,
        params: ConfigBatchWriteParams,
    ) -> HandlerResult<ConfigWriteResponse> {
        let (response, before_response) = settings.write(params).await?;
        Ok(HandlerOutput::with_follow_up(response, async move { settings.announce(before_response).await }))
    }
}
