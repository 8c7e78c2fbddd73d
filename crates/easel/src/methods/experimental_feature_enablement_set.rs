use easel_protocol::configuration::{ExperimentalFeatureEnablementSetParams, ExperimentalFeatureEnablementSetResponse};
use easel_protocol::method::ExperimentalFeatureEnablementSet;

use tokio_util::sync::CancellationToken;

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for ExperimentalFeatureEnablementSet {
    /// A feature that is switched off is off for turns that run, too: once this is answered, no request for an image
    /// begins that it refuses.
    async fn handle(
        cx: Cx,
        params: ExperimentalFeatureEnablementSetParams,
    ) -> Result<Answer<ExperimentalFeatureEnablementSetResponse>, Refusal> {
        let enablement = cx.app.configuration.switch(params.enablement).await?;
        let answered = CancellationToken::new();
        let guard = answered.clone().drop_guard();
        cx.app.reload_threads(&answered).await?;
        let response = ExperimentalFeatureEnablementSetResponse { enablement };
        Ok(Answer::then(response, async move {
            drop(guard);
            cx.app.announce_tools().await;
        }))
    }
}
