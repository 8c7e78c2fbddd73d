use std::sync::Arc;

use easel_protocol::configuration::{ConfigReadParams, ConfigReadResponse};
use easel_protocol::method::ConfigRead;

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};
use crate::settings::Settings;

impl Handler for ConfigRead {
    type Service = Settings;

    async fn handle(
        settings: Arc<Settings>,
        _cx: RequestContext,
        params: ConfigReadParams,
    ) -> HandlerResult<ConfigReadResponse> {
        Ok(HandlerOutput::new(settings.read(params).await?))
    }
}
