//! What a request is authorised with, and where it comes from.

use std::fmt;
use std::future::Future;

use easel_imagegen::capability::AuthKind;
use reqwest::header::HeaderMap;

/// Text that must not be seen: it prints as `***` and is read in one place, where the header is made.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(secret: String) -> Self {
        Self(secret)
    }

    /// The text itself, for the header or the credential store and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        // Safe code cannot promise that no copy is left; it can leave one less.
        let mut bytes = std::mem::take(&mut self.0).into_bytes();
        bytes.fill(0);
        std::hint::black_box(&bytes);
    }
}

/// One credential as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    pub kind: AuthKind,
    pub secret: Secret,
    /// `ChatGPT-Account-ID`, for ChatGPT tokens.
    pub account_id: Option<String>,
}

/// Why there is no credential although there should be one. The message never holds any part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CredentialError {
    pub message: String,
}

/// Where credentials of one provider come from.
pub trait Credentials: Send + Sync + 'static {
    /// The kind in use now, without reading it.
    fn kind(&self) -> AuthKind;

    /// The credential to send; `None` when the provider needs none.
    fn current(&self) -> impl Future<Output = Result<Option<Credential>, CredentialError>> + Send;

    /// A new credential after `rejected` was refused with 401; `None` when it cannot be renewed. Called once a request.
    fn refresh(
        &self,
        rejected: &Credential,
    ) -> impl Future<Output = Result<Option<Credential>, CredentialError>> + Send;

    /// The headers of an answer to a request that `credential` authorised, whatever its status: some providers say in
    /// them how much of the account's limits is used.
    fn heard(&self, _credential: &Credential, _headers: &HeaderMap) {}
}
