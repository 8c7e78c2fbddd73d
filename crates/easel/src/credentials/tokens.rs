//! ChatGPT tokens that a client has given: in memory only, and renewed by the client that gave them.

mod session;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
use reqwest::header::HeaderMap;
use secrecy::{ExposeSecret, SecretString};

use super::flight::Flight;
use super::origin::Origin;
use super::rate_limits::RateLimits;
use crate::connections::Connections;
use session::{Session, unusable};

pub(crate) use session::Given;

/// How long a client may take to renew a token: somebody waits for an image meanwhile.
const RENEWAL: Duration = Duration::from_secs(10);

/// The session of the account, if there is one.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    session: Mutex<Option<Session>>,
    renewal: Flight<Result<(), CredentialError>>,
    limits: RateLimits,
    connections: Connections,
}

/// Whose tokens they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) email: Option<String>,
    pub(crate) user_id: Option<String>,
    pub(crate) plan: PlanType,
}

impl Tokens {
    pub(super) fn new(connections: Connections) -> Self {
        Self { connections, ..Self::default() }
    }

    /// Takes the place of any login before it.
    ///
    /// # Errors
    /// One sentence, when something cannot be what it is given as.
    pub(super) fn log_in(&self, given: Given, origin: Origin, host: Outbox) -> Result<(), CredentialError> {
        let session = Session::new(given, origin, host)?;
        let mut place = self.lock();
        self.limits.keep_only(&session.account_id);
        *place = Some(session);
        Ok(())
    }

    /// True when there was a session.
    pub(super) fn log_out(&self) -> bool {
        let mut place = self.lock();
        self.limits.forget();
        place.take().is_some()
    }

    pub(super) fn profile(&self) -> Option<Profile> {
        self.lock().as_ref().map(|session| Profile {
            email: session.claims.email.clone(),
            user_id: session.claims.user_id.clone(),
            plan: session.plan,
        })
    }

    pub(super) fn are_there(&self) -> bool {
        self.lock().is_some()
    }

    pub(super) fn limits(&self) -> GetAccountRateLimitsResponse {
        self.limits.read()
    }

    /// The credential for requests to this origin.
    ///
    /// # Errors
    /// One sentence that says what to do, when there is none for it.
    pub(super) fn current_for(&self, destination: &Origin) -> Result<Credential, CredentialError> {
        let place = self.lock();
        let Some(session) = place.as_ref() else {
            let message = "there is no ChatGPT login: the client gives its tokens with account/login/start";
            return Err(unusable(message));
        };
        if session.origin != *destination {
            let given_for = &session.origin;
            return Err(unusable(&format!(
                "the ChatGPT tokens were given for {given_for} and are not sent to {destination}: \
                 the client gives them again with account/login/start"
            )));
        }
        Ok(Credential {
            kind: AuthKind::Chatgpt,
            secret: session.token.clone(),
            account_id: Some(session.account_id.clone()),
        })
    }

    /// The credential after `rejected` was refused. The client is asked once, however many requests were refused with the
    /// same token, and not at all when there is another token already.
    pub(super) async fn renew(
        self: Arc<Self>,
        rejected: &SecretString,
        destination: &Origin,
    ) -> Result<Option<Credential>, CredentialError> {
        let session = self.lock().clone();
        if let Some(session) = session.filter(|session| session.token.expose_secret() == rejected.expose_secret()) {
            let tokens = Arc::clone(&self);
            self.renewal.join(|| async move { tokens.ask(session).await }.boxed()).await?;
        }
        if self.are_there() { self.current_for(destination).map(Some) } else { Ok(None) }
    }

    async fn ask(self: Arc<Self>, old: Session) -> Result<(), CredentialError> {
        if !self.still_holds(&old.token) {
            return Ok(());
        }
        let params = ChatgptAuthTokensRefreshParams {
            reason: ChatgptAuthTokensRefreshReason::Unauthorized,
            previous_account_id: Some(old.account_id.clone()),
        };
        let asking = old.host.request(ChatgptAuthTokensRefresh::NAME, &params, RENEWAL);
        let answer: ChatgptAuthTokensRefreshResponse = asking.await.map_err(|error| not_renewed(&error))?;
        let ChatgptAuthTokensRefreshResponse { access_token, chatgpt_account_id, chatgpt_plan_type } = answer;
        if chatgpt_account_id != old.account_id {
            return Err(refused("the client renewed it for another account"));
        }
        let plan = chatgpt_plan_type;
        let renewed = Session::new(
            Given { access_token, account_id: chatgpt_account_id, plan },
            old.origin.clone(),
            old.host.clone(),
        )?;
        if renewed.token.expose_secret() == old.token.expose_secret() {
            return Err(refused("the client has no other"));
        }
        let plan = renewed.plan;
        let is_in_place = {
            let mut place = self.lock();
            // A login or logout meanwhile is what holds.
            let is_old =
                place.as_ref().is_some_and(|session| session.token.expose_secret() == old.token.expose_secret());
            if is_old {
                *place = Some(renewed);
            }
            is_old
        };
        if is_in_place && plan != old.plan {
            self.connections.broadcast(&updated(plan)).await;
        }
        Ok(())
    }

    /// What the headers of an answer say of the account's limits, to all who listen.
    pub(super) fn on_response_headers(&self, account_id: &str, headers: &HeaderMap) {
        let place = self.lock();
        // An answer to a request of an account before this one is nobody's business any more.
        let Some(session) = place.as_ref().filter(|session| session.account_id == account_id) else { return };
        for rate_limits in self.limits.learn(account_id, session.plan, headers) {
            let event = Event::AccountRateLimitsUpdated(AccountRateLimitsUpdatedNotification { rate_limits });
            self.connections.try_broadcast(&event);
        }
    }

    fn still_holds(&self, token: &SecretString) -> bool {
        self.lock().as_ref().is_some_and(|session| session.token.expose_secret() == token.expose_secret())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Session>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What clients are told of a session whose plan is this.
pub(crate) fn updated(plan: PlanType) -> Event {
    let auth_mode = Some(AuthMode::ChatgptAuthTokens);
    Event::AccountUpdated(AccountUpdatedNotification { auth_mode, plan_type: Some(plan) })
}

/// Completes "the ChatGPT token was refused, and …".
fn refused(why: &str) -> CredentialError {
    CredentialError { message: format!("the ChatGPT token was refused, and {why}: log in again") }
}

/// None of the client's words are repeated, which may hold a token.
fn not_renewed(error: &PeerError) -> CredentialError {
    match error {
        PeerError::TimedOut(limit) => refused(&format!("the client did not renew it within {} s", limit.as_secs())),
        PeerError::Refused(_) => refused("the client would not renew it"),
        PeerError::Disconnected => refused("the client that gave it is gone"),
        PeerError::BadAnswer(_) => refused("the client's answer holds no other"),
    }
}
