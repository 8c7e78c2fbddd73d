use std::sync::Arc;

use easel_protocol::account::{GetAccountParams, GetAccountResponse};
use easel_protocol::method::AccountRead;

use crate::accounts::Accounts;
use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};

impl Handler for AccountRead {
    type Service = Accounts;

    async fn handle(
        accounts: Arc<Accounts>,
        _cx: RequestContext,
        _params: GetAccountParams,
    ) -> HandlerResult<GetAccountResponse> {
        Ok(HandlerOutput::new(accounts.read().await))
    }
}
