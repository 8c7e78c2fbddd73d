use easel_protocol::account::{AccountLoginCompletedNotification, LoginAccountParams, LoginAccountResponse};
use easel_protocol::event::Event;
use easel_protocol::method::AccountLoginStart;
use std::sync::Arc;

use crate::app::Cx;
use crate::methods::account_read::updated;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for AccountLoginStart {
    async fn handle(cx: Cx, params: LoginAccountParams) -> Result<Answer<LoginAccountResponse>, Refusal> {
        let LoginAccountParams::ApiKey { api_key } = params;
        let account = Arc::clone(&cx.app.account);
        let login = tokio::task::spawn_blocking(move || account.log_in(&api_key.0));
        login.await.map_err(|_| Refusal::ShuttingDown)?.map_err(|error| Refusal::field("apiKey", error.message))?;
        Ok(Answer::then(LoginAccountResponse::ApiKey {}, async move {
            let completed = AccountLoginCompletedNotification { login_id: None, success: true, error: None };
            cx.app.hub.connections().announce(&Event::AccountLoginCompleted(completed)).await;
            cx.app.hub.connections().announce(&updated(&cx.app)).await;
            cx.app.announce_tools().await;
        }))
    }
}
