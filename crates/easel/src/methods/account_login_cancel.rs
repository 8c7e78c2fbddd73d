use easel_protocol::account::{CancelLoginAccountParams, CancelLoginAccountResponse, CancelLoginAccountStatus};
use easel_protocol::method::AccountLoginCancel;

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for AccountLoginCancel {
    async fn handle(_cx: Cx, _params: CancelLoginAccountParams) -> Result<Answer<CancelLoginAccountResponse>, Refusal> {
        Ok(Answer::new(CancelLoginAccountResponse { status: CancelLoginAccountStatus::NotFound }))
    }
}
