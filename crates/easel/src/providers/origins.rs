//! The URLs and origins that the account's credentials are sent to.

use easel_config::Config;
use easel_imagegen::preset::Preset;
use easel_provider::profile::ApiProfile;

use super::ProviderError;
use crate::credentials::Origin;

/// Returns the origin that the account's API key is sent to: a key that is stored now is for this origin.
///
/// # Errors
/// If `openai_base_url` is not a URL.
pub(crate) fn api_origin(config: &Config) -> Result<Origin, ProviderError> {
    Origin::parse(&api_url(config)).ok_or(ProviderError::InvalidAccountUrl { key: "openai_base_url" })
}

/// Returns the origin that the account's ChatGPT tokens are sent to: tokens that a client sends now are for this
/// origin.
///
/// # Errors
/// If `chatgpt_base_url` is not a URL.
pub(crate) fn backend_origin(config: &Config) -> Result<Origin, ProviderError> {
    Origin::parse(&backend_url(config)).ok_or(ProviderError::InvalidAccountUrl { key: "chatgpt_base_url" })
}

/// Returns the base URL of OpenAI's public API.
pub(super) fn api_url(config: &Config) -> String {
    let default = ApiProfile::from_preset(Preset::Openai).base_url.unwrap_or_default();
    config.openai_base_url.clone().unwrap_or_else(|| default.to_owned())
}

/// Returns the base URL of the Codex backend.
pub(super) fn backend_url(config: &Config) -> String {
    let default = ApiProfile::from_preset(Preset::Codex).base_url.unwrap_or_default();
    let configured = config.chatgpt_base_url.as_ref();
    configured.map_or_else(|| default.to_owned(), |base| format!("{}/codex", base.trim_end_matches('/')))
}
