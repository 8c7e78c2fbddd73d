use std::sync::Arc;

use easel_protocol::account::{LogoutAccountParams, LogoutAccountResponse};
use easel_protocol::method::AccountLogout;

use crate::accounts::Accounts;
use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};

impl Handler for AccountLogout {
    type Service = Accounts;

    async fn handle(
        accounts: Arc<Accounts>,
        _cx: RequestContext,
        _params: LogoutAccountParams,
    ) -> HandlerResult<LogoutAccountResponse> {
        accounts.log_out().await?;
        Ok(HandlerOutput::with_follow_up(LogoutAccountResponse {}, async move { accounts.announce_logout().await }))
    }
}
