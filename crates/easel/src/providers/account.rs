//! The built-in provider `openai`: the account's credential selects one of two servers.

use std::sync::Arc;

use easel_imagegen::capability::AuthKind;
use easel_provider::HttpProvider;

use crate::credentials::{Account, AnyCredentials};

/// OpenAI's public API for an API key, and the Codex backend for ChatGPT tokens. A login or logout also switches loaded
/// threads. Each server has its own credentials, so that a login during a request sends nothing to the wrong server.
#[derive(Debug)]
pub(crate) struct AccountProvider {
    account: Arc<Account>,
    api: HttpProvider<AnyCredentials>,
    backend: HttpProvider<AnyCredentials>,
}

impl AccountProvider {
    /// Combines the two servers.
    pub(super) fn new(
        account: Arc<Account>,
        api: HttpProvider<AnyCredentials>,
        backend: HttpProvider<AnyCredentials>,
    ) -> Self {
        Self { account, api, backend }
    }

    /// Returns the server for the current credential.
    pub(super) fn active(&self) -> &HttpProvider<AnyCredentials> {
        match self.account.kind() {
            AuthKind::Chatgpt => &self.backend,
            AuthKind::ApiKey | AuthKind::Actor | AuthKind::None => &self.api,
        }
    }
}
