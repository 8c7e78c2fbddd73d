//! Why a provider cannot be used.

use std::str::FromStr;

use easel_config::{Config, did_you_mean};
use easel_provider::EndpointError;
use reqwest::Url;

use super::provider_ids;
use crate::credentials::Origin;

/// Why a provider cannot be used. Each message is a sentence for the user, and contains no value of the configuration
/// that may be a secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProviderError {
    #[error("Provider `{id}` is not configured: there is no [model_providers.{id}]{}", did_you_mean(suggestion.as_deref()))]
    NotConfigured { id: String, suggestion: Option<String> },
    #[error("Provider `{id}` has no base_url; set model_providers.{id}.base_url.")]
    NoBaseUrl { id: String },
    #[error("The base_url of provider `{id}` is not a URL: {source}.")]
    InvalidBaseUrl { id: String, source: <Url as FromStr>::Err },
    /// `key` is a key of the configuration.
    #[error("{key} is not a URL.")]
    InvalidAccountUrl { key: &'static str },
    #[error("Provider `{id}` is not used: {source}.")]
    ExposesSecrets { id: String, source: EndpointError },
    #[error("Provider `{id}` has auth.command and another credential; set only one of them.")]
    TwoCredentials { id: String },
    #[error("Provider `{id}` has a configured header {header} and another credential for it; set only one of them.")]
    HeaderAndCredential { id: String, header: String },
    /// `credential` is what the account would send.
    #[error(
        "Provider `{id}` uses the account's {credential}, which may be sent to {allowed} only; set env_key or \
         auth.command instead."
    )]
    WrongOrigin { id: String, credential: &'static str, allowed: Origin },
}

impl ProviderError {
    /// Creates the error for a provider that does not exist, with the most similar one that does.
    pub(super) fn not_configured(id: &str, config: &Config) -> Self {
        let suggestion = easel_config::closest(id, provider_ids(config).into_iter()).map(ToOwned::to_owned);
        Self::NotConfigured { id: id.to_owned(), suggestion }
    }
}
