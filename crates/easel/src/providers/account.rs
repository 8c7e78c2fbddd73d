//! The built-in provider: two places, and the account's credential decides which of them a request goes to.

use std::sync::Arc;

use easel_imagegen::capability::AuthKind;
use easel_provider::HttpProvider;

use crate::credentials::{Account, AnyCredentials};

/// The public API for an API key, the Codex backend for ChatGPT tokens. A login or logout moves loaded threads too. Each
/// place has credentials of its own, so that a login in the middle of a request sends nothing to the wrong one.
#[derive(Debug)]
pub(crate) struct AccountProvider {
    account: Arc<Account>,
    api: HttpProvider<AnyCredentials>,
    backend: HttpProvider<AnyCredentials>,
}

impl AccountProvider {
    pub(super) fn new(
        account: Arc<Account>,
        api: HttpProvider<AnyCredentials>,
        backend: HttpProvider<AnyCredentials>,
    ) -> Self {
        Self { account, api, backend }
    }

    /// Where a request goes now.
    pub(super) fn in_use(&self) -> &HttpProvider<AnyCredentials> {
        match self.account.kind() {
            AuthKind::Chatgpt => &self.backend,
            AuthKind::ApiKey | AuthKind::Actor | AuthKind::None => &self.api,
        }
    }
}
