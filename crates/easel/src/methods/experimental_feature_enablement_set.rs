use std::sync::Arc;

use easel_protocol::configuration::{ExperimentalFeatureEnablementSetParams, ExperimentalFeatureEnablementSetResponse};
use easel_protocol::method::ExperimentalFeatureEnablementSet;

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};
use crate::settings::Settings;

impl Handler for ExperimentalFeatureEnablementSet {
    type Service = Settings;

    async fn handle(
        settings: Arc<Settings>,
        _cx: RequestContext,
        params: ExperimentalFeatureEnablementSetParams,
    ) -> HandlerResult<ExperimentalFeatureEnablementSetResponse> {
        let (enablement, before_response) = settings.set_features(params.enablement).await?;
        let response = ExperimentalFeatureEnablementSetResponse { enablement };
        Ok(HandlerOutput::with_follow_up(response, async move { settings.announce(before_response).await }))
    }
}
