use easel_protocol::account::{Account, AccountUpdatedNotification, AuthMode, GetAccountParams, GetAccountResponse};
use easel_protocol::event::Event;
use easel_protocol::method::AccountRead;

use crate::app::{App, Cx};
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for AccountRead {
    async fn handle(cx: Cx, _params: GetAccountParams) -> Result<Answer<GetAccountResponse>, Refusal> {
        let account = cx.app.account.source().map(|_| Account::ApiKey {});
        let requires_openai_auth = cx.app.providers.requires_openai_auth(&cx.app.config());
        Ok(Answer::new(GetAccountResponse { account, requires_openai_auth }))
    }
}

/// What clients are told after a login or logout. A key of the environment outlives both.
pub(super) fn updated(app: &App) -> Event {
    let auth_mode = app.account.source().map(|_| AuthMode::ApiKey);
    Event::AccountUpdated(AccountUpdatedNotification { auth_mode, plan_type: None })
}
