use std::sync::Arc;

use easel_protocol::configuration::{ConfigBatchWriteParams, ConfigEdit, ConfigValueWriteParams, ConfigWriteResponse};
use easel_protocol::method::ConfigValueWrite;

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};
use crate::settings::Settings;

impl Handler for ConfigValueWrite {
    type Service = Settings;

    async fn handle(
        settings: Arc<Settings>,
        _cx: RequestContext,
        params: ConfigValueWriteParams,
    ) -> HandlerResult<ConfigWriteResponse> {
        let ConfigValueWriteParams { key_path, value, merge_strategy, file_path, expected_version } = params;
        let edits = vec![ConfigEdit { key_path, value, merge_strategy }];
        let params = ConfigBatchWriteParams { edits, file_path, expected_version, reload_user_config: None };
        let (response, before_response) = settings.write(params).await?;
        Ok(HandlerOutput::with_follow_up(response, async move { settings.announce(before_response).await }))
    }
}
