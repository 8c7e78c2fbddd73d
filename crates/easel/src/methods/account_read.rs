use easel_protocol::account::{GetAccountParams, GetAccountResponse};
use easel_protocol::method::AccountRead;

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::provider;
use crate::refusal::Refusal;

impl Handler for AccountRead {
    async fn handle(cx: Cx, _params: GetAccountParams) -> Result<Answer<GetAccountResponse>, Refusal> {
        let config = cx.app.config();
        let configured = config.model_providers.get(provider::default_id(config));
        let requires_openai_auth = configured.is_some_and(|provider| provider.requires_openai_auth);
        Ok(Answer::new(GetAccountResponse { account: None, requires_openai_auth }))
    }
}
