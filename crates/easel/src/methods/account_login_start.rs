use std::sync::Arc;

use easel_protocol::account::{LoginAccountParams, LoginAccountResponse, SecretText};
use easel_protocol::method::AccountLoginStart;

use crate::accounts::Accounts;
use crate::credentials::ExternalTokens;
use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext, RequestError, validate};

/// Maximum size of an access token in bytes: what servers accept in a header.
const MAX_TOKEN_BYTES: usize = 64 << 10;

impl Handler for AccountLoginStart {
    type Service = Accounts;

    async fn handle(
        accounts: Arc<Accounts>,
        cx: RequestContext,
        params: LoginAccountParams,
    ) -> HandlerResult<LoginAccountResponse> {
        let (response, warnings) = match params {
            LoginAccountParams::ApiKey { api_key } => {
                (LoginAccountResponse::ApiKey {}, accounts.log_in_with_key(api_key).await?)
            }
            LoginAccountParams::ChatgptAuthTokens { access_token, chatgpt_account_id, chatgpt_plan_type } => {
                check_lengths(&access_token, &chatgpt_account_id, chatgpt_plan_type.as_deref())?;
                let tokens = ExternalTokens { access_token, account_id: chatgpt_account_id, plan: chatgpt_plan_type };
                (LoginAccountResponse::ChatgptAuthTokens {}, accounts.log_in_with_tokens(tokens, &cx.client).await?)
            }
            LoginAccountParams::Chatgpt {} | LoginAccountParams::ChatgptDeviceCode {} => {
                let reason = "Easel has no ChatGPT login of its own; send an apiKey, or tokens as chatgptAuthTokens";
                return Err(RequestError::Login(reason.to_owned()));
            }
        };
        Ok(HandlerOutput::with_follow_up(response, async move { accounts.announce_login(&cx.client, warnings).await }))
    }
}

/// Checks the lengths of values that are sent in headers and in events to every connection.
fn check_lengths(SecretText(token): &SecretText, account_id: &str, plan: Option<&str>) -> Result<(), RequestError> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(RequestError::Login(format!("an access token has at most {MAX_TOKEN_BYTES} bytes")));
    }
    validate::id("chatgptAccountId", account_id)?;
    validate::id("chatgptPlanType", plan.unwrap_or_default())
}
