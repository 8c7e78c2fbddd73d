//! The service of `account/…`, except for usage: logs in and out, and announces what changed.

use std::sync::Arc;

use easel_config::Config;
use easel_imagegen::capability::AuthKind;
use easel_imagegen::port::{StorageError, StorageErrorKind};
use easel_protocol::account::{
    Account as WireAccount, AccountLoginCompletedNotification, AccountUpdatedNotification, AuthMode,
    GetAccountResponse, SecretText,
};
use easel_protocol::event::Event;
use easel_protocol::rate_limits::GetAccountRateLimitsResponse;
use secrecy::{ExposeSecret, SecretString};

use crate::connections::{Client, Hub};
use crate::credentials::{Account, ExternalTokens, SavedKey, account_updated};
use crate::events;
use crate::providers::{Providers, api_origin, backend_origin};
use crate::requests::RequestError;
use crate::settings::Configuration;
use crate::tools::Tools;

/// The service of `account/…`.
pub(crate) struct Accounts {
    pub(crate) account: Arc<Account>,
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) providers: Arc<Providers>,
    pub(crate) tools: Arc<Tools>,
    pub(crate) hub: Hub,
}

/// What the client that has logged in should know.
#[derive(Debug, Default)]
pub(crate) struct LoginWarnings {
    /// Why the key is stored elsewhere than configured.
    storage: Option<String>,
    /// Where requests send the credential, if that is not OpenAI's own server.
    destination: Option<String>,
}

impl Accounts {
    /// Waits until the stored login has been read; see [`Account::wait_until_read`].
    pub(crate) async fn wait_for_login(&self) {
        self.account.wait_until_read().await;
    }

    /// Describes the account for `account/read`.
    pub(crate) async fn read(&self) -> GetAccountResponse {
        self.account.wait_until_read().await;
        let requires_openai_auth = self.providers.requires_openai_auth(&self.configuration.config());
        let Some(profile) = self.account.chatgpt_profile() else {
            let account = self.account.key_source().map(|_| WireAccount::ApiKey {});
            return GetAccountResponse { account, requires_openai_auth, user_id: None };
        };
        let account = Some(WireAccount::Chatgpt { email: profile.email, plan_type: profile.plan });
        GetAccountResponse { account, requires_openai_auth, user_id: profile.user_id }
    }

    /// Returns the limits of the ChatGPT account, as the backend reported them last.
    pub(crate) fn rate_limits(&self) -> GetAccountRateLimitsResponse {
        self.account.rate_limits()
    }

    /// Stores an API key. It replaces any other login.
    ///
    /// # Errors
    /// [`RequestError::BadField`] if it is not an API key or cannot be stored, [`RequestError::Login`] if the
    /// configured base URL is invalid.
    pub(crate) async fn log_in_with_key(&self, key: SecretText) -> Result<LoginWarnings, RequestError> {
        let SecretText(key) = key;
        // Wiped when it is dropped.
        let key = SecretString::from(key);
        let change = self.account.begin_change().await;
        let account = Arc::clone(&self.account);
        let origin = api_origin(&self.configuration.config()).map_err(RequestError::login)?;
        let is_openai = api_origin(&Config::default()).as_ref() == Ok(&origin);
        let destination = (!is_openai).then(|| format!("Easel sends the key only to {origin}."));
        let login = tokio::task::spawn_blocking(move || {
            let _change = change;
            account.log_in(key.expose_secret(), origin)
        });
        let stored = login.await.map_err(|_| RequestError::ShuttingDown)?;
        let SavedKey { location, fallback_reason } =
            stored.map_err(|error| RequestError::field("apiKey", error.message))?;
        let storage = fallback_reason.map(|error| format!("The key is stored in {}: {error}.", location.name()));
        Ok(LoginWarnings { storage, destination })
    }

    /// Uses the ChatGPT tokens of a client, which `client` refreshes. They replace any other login and are never
    /// stored.
    ///
    /// # Errors
    /// [`RequestError::Login`] if a token or id is malformed, or if the configured base URL is invalid.
    pub(crate) async fn log_in_with_tokens(
        &self,
        tokens: ExternalTokens,
        client: &Client,
    ) -> Result<LoginWarnings, RequestError> {
        let _change = self.account.begin_change().await;
        let origin = backend_origin(&self.configuration.config()).map_err(RequestError::login)?;
        let login = self.account.log_in_with_tokens(tokens, origin.clone(), client.outbox().clone());
        login.map_err(RequestError::login)?;
        let is_chatgpt = backend_origin(&Config::default()).as_ref() == Ok(&origin);
        let destination = (!is_chatgpt).then(|| format!("Easel sends the ChatGPT tokens only to {origin}."));
        Ok(LoginWarnings { storage: None, destination })
    }

    /// Announces a login to every connection, and sends its warnings to the client that has logged in.
    pub(crate) async fn announce_login(&self, client: &Client, warnings: LoginWarnings) {
        if let Some(warning) = warnings.storage {
            self.hub.send(client, &events::warning(warning)).await;
        }
        let completed = AccountLoginCompletedNotification { login_id: None, success: true, error: None };
        let connections = self.hub.connections();
        connections.broadcast(&Event::AccountLoginCompleted(completed)).await;
        connections.broadcast(&self.account_event()).await;
        self.tools.announce_changes().await;
        if let Some(warning) = warnings.destination {
            self.hub.send(client, &events::warning(warning)).await;
        }
    }

    /// Removes the stored key and drops the tokens.
    ///
    /// # Errors
    /// [`RequestError::Storage`] if the stored key cannot be removed.
    pub(crate) async fn log_out(&self) -> Result<(), RequestError> {
        let change = self.account.begin_change().await;
        let account = Arc::clone(&self.account);
        let logout = tokio::task::spawn_blocking(move || {
            let _change = change;
            account.log_out()
        });
        let removed = logout.await.map_err(|_| RequestError::ShuttingDown)?;
        removed.map_err(|error| StorageError::new(StorageErrorKind::Other, error.message))?;
        Ok(())
    }

    /// Announces a logout to every connection.
    pub(crate) async fn announce_logout(&self) {
        self.hub.connections().broadcast(&self.account_event()).await;
        self.tools.announce_changes().await;
        // From now on the preview draws for threads that name no provider, which the user may not expect.
        if let Some(notice) = self.preview_notice() {
            self.hub.connections().broadcast(&events::warning(notice)).await;
        }
    }

    /// Returns whether [`Accounts::load_login`] has something to do.
    pub(crate) fn is_login_pending(&self) -> bool {
        self.account.is_reading()
    }

    /// Reads the stored login from the keychain while the server already runs, and announces what changed. Dropped when
    /// the server stops.
    pub(crate) async fn load_login(self: Arc<Self>) {
        let account = Arc::clone(&self.account);
        if tokio::task::spawn_blocking(move || account.read()).await.is_err() {
            return;
        }
        self.tools.announce_changes().await;
        for summary in [self.problem(), self.preview_notice()].into_iter().flatten() {
            self.hub.connections().broadcast(&events::warning(summary)).await;
        }
    }

    /// Returns what the user should know about the stored login, if anything.
    pub(crate) fn problem(&self) -> Option<String> {
        self.account.problem(api_origin(&self.configuration.config()).ok().as_ref())
    }

    /// Returns a notice if the preview answers, and mostly draws, in threads that name no provider.
    pub(crate) fn preview_notice(&self) -> Option<String> {
        let config = self.configuration.config();
        let is_preview = config.model_provider.is_none() && self.account.kind() == AuthKind::None;
        is_preview.then(|| match &config.images.provider {
            None => "No provider is configured; using the built-in preview, which draws placeholder images without an \
                     AI model."
                .to_owned(),
            Some(images) => format!(
                "No model_provider is configured; the built-in preview answers by a rule, without an AI model, and \
                 `{images}` draws the images."
            ),
        })
    }

    /// Creates the event after a login or logout. A key in the environment outlives both.
    fn account_event(&self) -> Event {
        if let Some(profile) = self.account.chatgpt_profile() {
            return account_updated(profile.plan);
        }
        let auth_mode = self.account.key_source().map(|_| AuthMode::ApiKey);
        Event::AccountUpdated(AccountUpdatedNotification { auth_mode, plan_type: None })
    }
}
