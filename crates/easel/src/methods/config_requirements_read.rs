use std::sync::Arc;

use easel_protocol::configuration::{ConfigRequirementsReadParams, ConfigRequirementsReadResponse};
use easel_protocol::method::ConfigRequirementsRead;

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};
use crate::settings::Settings;

impl Handler for ConfigRequirementsRead {
    type Service = Settings;

    async fn handle(
        _settings: Arc<Settings>,
        _cx: RequestContext,
        _params: ConfigRequirementsReadParams,
    ) -> HandlerResult<ConfigRequirementsReadResponse> {
        // Only a managed installation of Codex has requirements.
        Ok(HandlerOutput::new(ConfigRequirementsReadResponse { requirements: None }))
    }
}
