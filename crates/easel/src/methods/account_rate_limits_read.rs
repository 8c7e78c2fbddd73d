use easel_protocol::method::AccountRateLimitsRead;
use easel_protocol::rate_limits::{GetAccountRateLimitsParams, GetAccountRateLimitsResponse};

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for AccountRateLimitsRead {
    async fn handle(
        cx: Cx,
        _params: GetAccountRateLimitsParams,
    ) -> Result<Answer<GetAccountRateLimitsResponse>, Refusal> {
        Ok(Answer::new(cx.app.account.limits()))
    }
}
