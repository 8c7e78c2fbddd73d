use std::sync::Arc;

use easel_protocol::method::AccountRateLimitsRead;
use easel_protocol::rate_limits::{GetAccountRateLimitsParams, GetAccountRateLimitsResponse};

use crate::accounts::Accounts;
use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};

impl Handler for AccountRateLimitsRead {
    type Service = Accounts;

    async fn handle(
        accounts: Arc<Accounts>,
        _cx: RequestContext,
        _params: GetAccountRateLimitsParams,
    ) -> HandlerResult<GetAccountRateLimitsResponse> {
        Ok(HandlerOutput::new(accounts.rate_limits()))
    }
}
