//! The handshake: the response of `initialize`, and the warnings that follow it.

use std::path::PathBuf;
use std::sync::Arc;

use easel_protocol::PEER_VERSION;
use easel_protocol::event::Event;
use easel_protocol::handshake::{ImageResult, InitializeParams, InitializeResponse};

use crate::accounts::Accounts;
use crate::connections::{Client, Hub};
use crate::events;
use crate::providers::ProviderCatalog;
use crate::requests::{RequestError, validate};
use crate::settings::Configuration;
use crate::tools::Tools;

/// The service of `initialize`.
pub(crate) struct Handshake {
    pub(crate) home: PathBuf,
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) catalog: Arc<ProviderCatalog>,
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) tools: Arc<Tools>,
    pub(crate) hub: Hub,
}

impl Handshake {
    /// Registers the connection, so that it gets events from now on.
    ///
    /// # Errors
    /// [`RequestError::BadField`] if the client's name is too long or has control characters.
    pub(crate) fn initialize(
        &self,
        client: &Arc<Client>,
        params: InitializeParams,
    ) -> Result<InitializeResponse, RequestError> {
        let name = validate::name("clientInfo.name", Some(params.client_info.name))?.unwrap_or_default();
        let response = InitializeResponse {
            user_agent: user_agent(&name),
            codex_home: self.home.display().to_string(),
            platform_family: std::env::consts::FAMILY.to_owned(),
            platform_os: std::env::consts::OS.to_owned(),
            tools: self.tools.current().names(),
        };
        let capabilities = params.capabilities.unwrap_or_default();
        let image_result = match (self.configuration.config().wire.image_result, capabilities.request_attestation) {
            (easel_config::ImageResult::Auto, None) | (easel_config::ImageResult::None, _) => ImageResult::None,
            (easel_config::ImageResult::Auto, Some(_)) | (easel_config::ImageResult::Inline, _) => ImageResult::Inline,
        };
        client.set_info(name, capabilities, image_result);
        self.hub.connections().add(client);
        Ok(response)
    }

    /// Sends the warnings that every client gets after its handshake: about the configuration, the stored login and the
    /// default provider.
    pub(crate) async fn send_warnings(&self, client: &Client) {
        for event in self.warnings() {
            self.hub.send(client, &event).await;
        }
    }

    fn warnings(&self) -> Vec<Event> {
        let mut warnings: Vec<Event> = self.configuration.warnings().iter().map(events::config_warning).collect();
        let unavailable = self.catalog.default_provider().unavailable_reason().map(ToOwned::to_owned);
        let notices = [self.accounts.problem(), unavailable, self.accounts.preview_notice()];
        warnings.extend(notices.into_iter().flatten().map(events::warning));
        warnings
    }
}

/// Clients read the first version in the user agent and refuse old ones, so the protocol's version comes before
/// Easel's.
fn user_agent(client: &str) -> String {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    format!("{client}/{PEER_VERSION} ({os}; {arch}) easel/{}", env!("CARGO_PKG_VERSION"))
}
