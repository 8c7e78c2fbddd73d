use std::sync::Arc;

use easel_protocol::account::{CancelLoginAccountParams, CancelLoginAccountResponse, CancelLoginAccountStatus};
use easel_protocol::method::AccountLoginCancel;

use crate::accounts::Accounts;
use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};

impl Handler for AccountLoginCancel {
    type Service = Accounts;

    async fn handle(
        _accounts: Arc<Accounts>,
        _cx: RequestContext,
        _params: CancelLoginAccountParams,
    ) -> HandlerResult<CancelLoginAccountResponse> {
        // No login takes long enough to be cancelled.
        Ok(HandlerOutput::new(CancelLoginAccountResponse { status: CancelLoginAccountStatus::NotFound }))
    }
}
