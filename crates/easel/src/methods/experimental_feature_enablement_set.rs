use easel_protocol::configuration::{ExperimentalFeatureEnablementSetParams, ExperimentalFeatureEnablementSetResponse};
use easel_protocol::method::ExperimentalFeatureEnablementSet;

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for ExperimentalFeatureEnablementSet {
    async fn handle(
        cx: Cx,
        params: ExperimentalFeatureEnablementSetParams,
    ) -> Result<Answer<ExperimentalFeatureEnablementSetResponse>, Refusal> {
        let enablement = cx.app.configuration.switch(params.enablement).await?;
        cx.app.reload_threads().await?;
        let response = ExperimentalFeatureEnablementSetResponse { enablement };
        Ok(Answer::then(response, async move { cx.app.announce_tools().await }))
    }
}
