use std::sync::Arc;

use easel_config::Config;
use easel_protocol::account::{
    AccountLoginCompletedNotification, LoginAccountParams, LoginAccountResponse, SecretText,
};
use easel_protocol::event::{ConfigWarningNotification, Event};
use easel_protocol::method::AccountLoginStart;

use crate::app::Cx;
use crate::credentials::Given;
use crate::credentials::store::Kept;
use crate::given;
use crate::methods::account_read::updated;
use crate::methods::{Answer, Handler};
use crate::provider::{api_origin, backend_origin};
use crate::refusal::Refusal;

/// Longest access token: the most that servers take in a header.
const MAX_TOKEN_BYTES: usize = 64 << 10;

impl Handler for AccountLoginStart {
    async fn handle(cx: Cx, params: LoginAccountParams) -> Result<Answer<LoginAccountResponse>, Refusal> {
        match params {
            LoginAccountParams::ApiKey { api_key } => with_key(cx, api_key).await,
            LoginAccountParams::ChatgptAuthTokens { access_token, chatgpt_account_id, chatgpt_plan_type } => {
                check(&access_token, &chatgpt_account_id, chatgpt_plan_type.as_deref())?;
                let given = Given { access_token, account_id: chatgpt_account_id, plan: chatgpt_plan_type };
                let origin = backend_origin(&cx.app.config()).map_err(Refusal::Login)?;
                let host = cx.client.outbox().clone();
                let taken = cx.app.account.log_in_with_tokens(given, origin.clone(), host);
                taken.map_err(|error| Refusal::Login(error.message))?;
                Ok(Answer::then(LoginAccountResponse::ChatgptAuthTokens {}, async move {
                    announce(&cx).await;
                    if backend_origin(&Config::default()).as_ref() != Ok(&origin) {
                        warn(&cx, format!("The ChatGPT tokens are sent to {origin} and nowhere else.")).await;
                    }
                }))
            }
            LoginAccountParams::Chatgpt {} | LoginAccountParams::ChatgptDeviceCode {} => {
                let reason = "Easel has none of its own with ChatGPT; give an apiKey, or tokens as chatgptAuthTokens";
                Err(Refusal::Login(reason.to_owned()))
            }
        }
    }
}

/// What is sent in headers and told to every connection is short.
fn check(SecretText(token): &SecretText, account_id: &str, plan: Option<&str>) -> Result<(), Refusal> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Refusal::Login(format!("an access token has at most {MAX_TOKEN_BYTES} bytes")));
    }
    given::id("chatgptAccountId", account_id)?;
    given::id("chatgptPlanType", plan.unwrap_or_default())
}

async fn with_key(cx: Cx, SecretText(key): SecretText) -> Result<Answer<LoginAccountResponse>, Refusal> {
    let account = Arc::clone(&cx.app.account);
    let origin = api_origin(&cx.app.config()).map_err(Refusal::Login)?;
    let is_gateway = api_origin(&Config::default()).as_ref() != Ok(&origin);
    let sent_to = is_gateway.then(|| format!("The key is sent to {origin} and nowhere else."));
    let login = tokio::task::spawn_blocking(move || account.log_in(&key, origin));
    let kept = login.await.map_err(|_| Refusal::ShuttingDown)?;
    let Kept { place, instead } = kept.map_err(|error| Refusal::field("apiKey", error.message))?;
    Ok(Answer::then(LoginAccountResponse::ApiKey {}, async move {
        if let Some(error) = instead {
            warn(&cx, format!("The key is kept in {}: {error}.", place.name())).await;
        }
        announce(&cx).await;
        if let Some(sent_to) = sent_to {
            warn(&cx, sent_to).await;
        }
    }))
}

async fn warn(cx: &Cx, summary: String) {
    let warning = ConfigWarningNotification { summary, details: None, path: None };
    cx.app.hub.tell(&cx.client, &Event::ConfigWarning(warning)).await;
}

/// All connections have the same account.
async fn announce(cx: &Cx) {
    let completed = AccountLoginCompletedNotification { login_id: None, success: true, error: None };
    let connections = cx.app.hub.connections();
    connections.announce(&Event::AccountLoginCompleted(completed)).await;
    connections.announce(&updated(&cx.app)).await;
    cx.app.announce_tools().await;
}
