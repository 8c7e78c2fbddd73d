use easel_protocol::account::{Account, AccountUpdatedNotification, AuthMode, GetAccountParams, GetAccountResponse};
use easel_protocol::event::Event;
use easel_protocol::method::AccountRead;

use crate::app::{App, Cx};
use crate::credentials::tokens;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for AccountRead {
    async fn handle(cx: Cx, _params: GetAccountParams) -> Result<Answer<GetAccountResponse>, Refusal> {
        cx.app.account.settled().await;
        let requires_openai_auth = cx.app.providers.requires_openai_auth(&cx.app.config());
        let Some(profile) = cx.app.account.profile() else {
            let account = cx.app.account.source().map(|_| Account::ApiKey {});
            return Ok(Answer::new(GetAccountResponse { account, requires_openai_auth, user_id: None }));
        };
        let account = Some(Account::Chatgpt { email: profile.email, plan_type: profile.plan });
        Ok(Answer::new(GetAccountResponse { account, requires_openai_auth, user_id: profile.user_id }))
    }
}

/// What clients are told after a login or logout. A key of the environment outlives both.
pub(super) fn updated(app: &App) -> Event {
    if let Some(profile) = app.account.profile() {
        return tokens::updated(profile.plan);
    }
    let auth_mode = app.account.source().map(|_| AuthMode::ApiKey);
    Event::AccountUpdated(AccountUpdatedNotification { auth_mode, plan_type: None })
}
