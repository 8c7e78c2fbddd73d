//! ChatGPT tokens that a client has sent. They are kept in memory only, and the client that sent them refreshes them.

mod jwt;
mod rate_limits;
mod session;

use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::capability::AuthKind;
use easel_protocol::account::{
    AccountUpdatedNotification, AuthMode, ChatgptAuthTokensRefreshParams, ChatgptAuthTokensRefreshReason,
    ChatgptAuthTokensRefreshResponse, PlanType,
};
use easel_protocol::event::Event;
use easel_protocol::method::{ChatgptAuthTokensRefresh, Method};
use easel_protocol::rate_limits::{AccountRateLimitsUpdatedNotification, GetAccountRateLimitsResponse};
use easel_provider::{Credential, CredentialError};
use easel_rpc::{Outbox, PeerError};
use futures_util::FutureExt;
use parking_lot::Mutex;
use reqwest::header::HeaderMap;
use secrecy::SecretString;

use super::origin::Origin;
use super::single_flight::SingleFlight;
use super::{credential_error, is_same_secret};
use crate::connections::Connections;
use rate_limits::RateLimits;
use session::ChatgptSession;

pub(crate) use session::ExternalTokens;

/// How long a client may take to refresh a token. The user waits for an image during that time.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(10);

/// The account's ChatGPT login, if there is one.
#[derive(Debug, Default)]
pub(crate) struct ChatgptLogin {
    session: Mutex<Option<ChatgptSession>>,
    refresh: SingleFlight<Result<(), CredentialError>>,
    rate_limits: RateLimits,
    connections: Connections,
}

/// The user of the tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChatgptProfile {
    pub(crate) email: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) plan: PlanType,
}

impl ChatgptLogin {
    /// Creates the state without a login. `connections` receive the account's limits.
    pub(super) fn new(connections: Connections) -> Self {
        Self { connections, ..Self::default() }
    }

    /// Uses the tokens from now on, in place of any earlier ones.
    ///
    /// # Errors
    /// If a token or an id is malformed.
    pub(super) fn log_in(&self, tokens: ExternalTokens, origin: Origin, client: Outbox) -> Result<(), CredentialError> {
        let new = ChatgptSession::new(tokens, origin, client)?;
        let mut session = self.session.lock();
        self.rate_limits.retain_account(&new.account_id);
        *session = Some(new);
        Ok(())
    }

    /// Drops the tokens. Returns whether there were any.
    pub(super) fn log_out(&self) -> bool {
        let mut session = self.session.lock();
        self.rate_limits.clear();
        session.take().is_some()
    }

    /// Returns the user of the tokens, if there are any.
    pub(super) fn profile(&self) -> Option<ChatgptProfile> {
        self.session.lock().as_ref().map(|session| ChatgptProfile {
            email: session.claims.email.clone(),
            user_id: session.claims.user_id.clone(),
            plan: session.plan,
        })
    }

    /// Returns whether there are tokens.
    pub(super) fn is_active(&self) -> bool {
        self.session.lock().is_some()
    }

    /// Returns the limits that the backend reported last.
    pub(super) fn rate_limits(&self) -> GetAccountRateLimitsResponse {
        self.rate_limits.read()
    }

    /// Returns the credential for requests to `destination`.
    ///
    /// # Errors
    /// If there are no tokens for this origin; the message says what to do.
    pub(super) fn credential_for(&self, destination: &Origin) -> Result<Credential, CredentialError> {
        let session = self.session.lock();
        let Some(session) = session.as_ref() else {
            return Err(credential_error(
                "not logged in with ChatGPT; the client must send its tokens with account/login/start",
            ));
        };
        if session.origin != *destination {
            let origin = &session.origin;
            return Err(credential_error(format!(
                "the ChatGPT tokens are for {origin} and are not sent to {destination}; \
                 the client must send them again with account/login/start"
            )));
        }
        Ok(Credential {
            kind: AuthKind::Chatgpt,
            secret: session.token.clone(),
            account_id: Some(session.account_id.clone()),
        })
    }

    /// Returns the credential after a provider has rejected the token `rejected`. The client is asked once, however
    /// many requests were rejected with the same token, and not at all if there is another token already.
    ///
    /// # Errors
    /// If the client does not send another token.
    pub(super) async fn refresh(
        self: Arc<Self>,
        rejected: &SecretString,
        destination: &Origin,
    ) -> Result<Option<Credential>, CredentialError> {
        let session = self.session.lock().clone();
        if let Some(session) = session.filter(|session| is_same_secret(&session.token, rejected)) {
            let login = Arc::clone(&self);
            self.refresh.join(|| async move { login.request_tokens(session).await }.boxed()).await?;
        }
        if self.is_active() { self.credential_for(destination).map(Some) } else { Ok(None) }
    }

    /// Requests a new token from the client and replaces the one of `old`.
    async fn request_tokens(self: Arc<Self>, old: ChatgptSession) -> Result<(), CredentialError> {
        if !self.has_token(&old.token) {
            return Ok(());
        }
        let params = ChatgptAuthTokensRefreshParams {
            reason: ChatgptAuthTokensRefreshReason::Unauthorized,
            previous_account_id: Some(old.account_id.clone()),
        };
        let request = old.client.request(ChatgptAuthTokensRefresh::NAME, &params, REFRESH_TIMEOUT);
        let response: ChatgptAuthTokensRefreshResponse = request.await.map_err(|error| refresh_error(&error))?;
        let ChatgptAuthTokensRefreshResponse { access_token, chatgpt_account_id, chatgpt_plan_type } = response;
        if chatgpt_account_id != old.account_id {
            return Err(rejection_error("the client refreshed it for another account"));
        }
        let tokens = ExternalTokens { access_token, account_id: chatgpt_account_id, plan: chatgpt_plan_type };
        let refreshed = ChatgptSession::new(tokens, old.origin.clone(), old.client.clone())?;
        if is_same_secret(&refreshed.token, &old.token) {
            return Err(rejection_error("the client sent the same token again"));
        }
        let plan = refreshed.plan;
        if self.replace(&old.token, refreshed) && plan != old.plan {
            self.connections.broadcast(&account_updated(plan)).await;
        }
        Ok(())
    }

    /// Replaces the session that has the token `old`. A login or logout in between takes precedence; returns whether
    /// the session was replaced.
    fn replace(&self, old: &SecretString, refreshed: ChatgptSession) -> bool {
        let mut session = self.session.lock();
        let is_current = session.as_ref().is_some_and(|session| is_same_secret(&session.token, old));
        if is_current {
            *session = Some(refreshed);
        }
        is_current
    }

    /// Stores the limits that a response reports in its headers, and sends those that changed to every connection.
    pub(super) fn on_response_headers(&self, account_id: &str, headers: &HeaderMap) {
        let session = self.session.lock();
        // Ignores the limits of an account that has been logged out in the meantime.
        let Some(session) = session.as_ref().filter(|session| session.account_id == account_id) else { return };
        for rate_limits in self.rate_limits.update(account_id, session.plan, headers) {
            let event = Event::AccountRateLimitsUpdated(AccountRateLimitsUpdatedNotification { rate_limits });
            self.connections.try_broadcast(&event);
        }
    }

    fn has_token(&self, token: &SecretString) -> bool {
        self.session.lock().as_ref().is_some_and(|session| is_same_secret(&session.token, token))
    }
}

/// Creates the event about a ChatGPT login with this plan.
pub(crate) fn account_updated(plan: PlanType) -> Event {
    let auth_mode = Some(AuthMode::ChatgptAuthTokens);
    Event::AccountUpdated(AccountUpdatedNotification { auth_mode, plan_type: Some(plan) })
}

/// Creates an error. `reason` completes "the ChatGPT token was rejected, and …".
fn rejection_error(reason: &str) -> CredentialError {
    credential_error(format!("the ChatGPT token was rejected, and {reason}; log in again"))
}

/// Describes a failed refresh. The client's own message is not repeated, since it may contain a token.
fn refresh_error(error: &PeerError) -> CredentialError {
    match error {
        PeerError::TimedOut(limit) => {
            rejection_error(&format!("the client did not refresh it within {} s", limit.as_secs()))
        }
        PeerError::Refused(_) => rejection_error("the client refused to refresh it"),
        PeerError::Disconnected => rejection_error("the client that sent it has disconnected"),
        PeerError::InvalidParams(_) => rejection_error("the request to refresh it could not be sent"),
        PeerError::InvalidResponse(_) => rejection_error("the client's response has no token"),
    }
}
