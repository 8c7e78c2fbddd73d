use std::sync::Arc;

use easel_protocol::account::{GetAccountTokenUsageParams, GetAccountTokenUsageResponse};
use easel_protocol::method::AccountUsageRead;

use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};
use crate::usage::Usage;

impl Handler for AccountUsageRead {
    type Service = Usage;

    async fn handle(
        usage: Arc<Usage>,
        _cx: RequestContext,
        params: GetAccountTokenUsageParams,
    ) -> HandlerResult<GetAccountTokenUsageResponse> {
        Ok(HandlerOutput::new(usage.read_account(params.thread_id).await?))
    }
}
