//! Credentials of a provider and where they come from.

use std::future::Future;

use easel_imagegen::capability::AuthKind;
use reqwest::header::HeaderMap;
use secrecy::{ExposeSecret, SecretString};

/// A credential for a request.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The kind of the credential. The images endpoint of a provider accepts only some kinds.
    pub kind: AuthKind,
    /// The key or token.
    pub secret: SecretString,
    /// The header `ChatGPT-Account-ID`, for ChatGPT tokens.
    pub account_id: Option<String>,
}

impl PartialEq for Credential {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.secret.expose_secret() == other.secret.expose_secret()
            && self.account_id == other.account_id
    }
}

impl Eq for Credential {}

/// The error of a credential that is configured but cannot be used. The message contains no part of the secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CredentialError {
    /// One sentence for the user.
    pub message: String,
}

/// A source of the credentials of one provider.
pub trait Credentials: Send + Sync + 'static {
    /// Returns the kind of the current credential without reading it.
    fn kind(&self) -> AuthKind;

    /// Returns where the key or token comes from, such as `the environment variable STUDIO_KEY`, for errors. `None` if
    /// the provider needs none.
    fn source(&self) -> Option<String> {
        None
    }

    /// Returns the credential to send, or `None` if the provider needs none.
    ///
    /// # Errors
    ///
    /// Fails if a credential is configured but cannot be read.
    fn current(&self) -> impl Future<Output = Result<Option<Credential>, CredentialError>> + Send;

    /// Returns a new credential after the provider refused `rejected` with 401, or `None` if it cannot be renewed.
    ///
    /// Called at most once for each request.
    ///
    /// # Errors
    ///
    /// Fails if the credential can usually be renewed but could not be renewed now.
    fn refresh(
        &self,
        rejected: &Credential,
    ) -> impl Future<Output = Result<Option<Credential>, CredentialError>> + Send;

    /// Called with the headers of each response, whatever its status. `credential` authorized the request.
    ///
    /// Some providers report in headers how much of an account's limits is used.
    fn on_response_headers(&self, _credential: &Credential, _headers: &HeaderMap) {}
}
