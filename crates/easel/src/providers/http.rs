//! Builds a provider over HTTP from its configuration: the profile of its preset with the configured changes, its URL,
//! and its credentials.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use easel_config::{Config, EditStyle, Environment, ProviderConfig, ProviderImages};
use easel_imagegen::capability::AuthKind;
use easel_imagegen::history::MAX_DATA_URL_IMAGE_BYTES;
use easel_imagegen::port::ProviderInfo;
use easel_imagegen::preset::Preset;
use easel_imagegen::strip::Metadata;
use easel_provider::profile::{ApiProfile, AuthScheme, Edit};
use easel_provider::{Endpoint, HttpProvider, Retries, Timeouts};
use reqwest::Url;
use secrecy::SecretString;

use super::ProviderError;
use super::account::AccountProvider;
use super::models::bundled_models;
use super::origins::{api_origin, api_url, backend_origin, backend_url};
use crate::credentials::{Account, AnyCredentials, CredentialCommand, EnvKey, Origin};

/// The id of the built-in provider.
pub(crate) const OPENAI: &str = "openai";

/// What building a provider needs besides the configuration.
#[derive(Debug)]
pub(super) struct ProviderContext {
    pub(super) environment: Environment,
    /// Easel's home.
    pub(super) home: PathBuf,
    pub(super) account: Arc<Account>,
}

/// Builds the built-in provider `openai`: OpenAI's public API, and the Codex backend.
///
/// # Errors
/// If a configured base URL cannot be used.
pub(super) fn build_openai(config: &Config, context: &ProviderContext) -> Result<AccountProvider, ProviderError> {
    let build_server = |preset, base_url| {
        let provider = ProviderConfig {
            name: Some("OpenAI".to_owned()),
            preset: Some(preset),
            base_url: Some(base_url),
            requires_openai_auth: true,
            ..ProviderConfig::default()
        };
        build(OPENAI, &provider, config, context)
    };
    let api = build_server(Preset::Openai, api_url(config))?;
    let backend = build_server(Preset::Codex, backend_url(config))?;
    Ok(AccountProvider::new(Arc::clone(&context.account), api, backend))
}

/// Builds the provider `id` from its configuration.
///
/// # Errors
/// If the configuration lacks a setting or would expose a secret.
pub(super) fn build(
    id: &str,
    provider: &ProviderConfig,
    config: &Config,
    context: &ProviderContext,
) -> Result<HttpProvider<AnyCredentials>, ProviderError> {
    let profile = ApiProfile::from_preset(provider.preset.unwrap_or(Preset::Generic));
    let base_url = provider.base_url.as_deref().or(profile.base_url);
    let base_url = base_url.ok_or_else(|| ProviderError::NoBaseUrl { id: id.to_owned() })?;
    let base = Url::parse(base_url);
    let base = base.map_err(|source| ProviderError::InvalidBaseUrl { id: id.to_owned(), source })?;
    let credentials = choose_credentials(id, provider, &base, config, context)?;
    let mut profile = configure_profile(profile, provider, &credentials, &context.environment);
    check_headers(id, &profile, &credentials)?;
    profile.allow_plain_http = provider.allow_plain_http;
    profile.metadata = if config.images.strip_metadata { Metadata::Strip } else { Metadata::Send };
    let defaults = Timeouts::default();
    let endpoint = Endpoint::new(base, provider.connect_timeout_ms.map_or(defaults.connect, Duration::from_millis));
    if may_send_secrets(provider, &credentials) {
        let checked = endpoint.check_transport(&profile);
        checked.map_err(|source| ProviderError::ExposesSecrets { id: id.to_owned(), source })?;
    }
    let info = ProviderInfo {
        id: id.to_owned(),
        name: provider.name.clone().unwrap_or_else(|| id.to_owned()),
        base_url: Some(base_url.to_owned()),
        models: bundled_models(config.model.as_deref()),
        image_model: provider.image_model.clone().unwrap_or_else(|| config.images.model.clone()),
        synthetic: false,
        capabilities: profile.capabilities(),
    };
    let timeouts = Timeouts {
        stream_idle: provider.stream_idle_timeout_ms.map_or(defaults.stream_idle, Duration::from_millis),
        ..defaults
    };
    let retries = configure_retries(provider);
    Ok(HttpProvider::new(info, profile, endpoint, credentials, timeouts, retries))
}

/// Checks that no configured header is the one that carries the credential. Which of the two a server reads is unknown,
/// and it would get both.
fn check_headers(id: &str, profile: &ApiProfile, credentials: &AnyCredentials) -> Result<(), ProviderError> {
    let header = match &profile.auth {
        _ if matches!(credentials, AnyCredentials::None) => return Ok(()),
        AuthScheme::Bearer => "authorization",
        AuthScheme::Header(name) => name,
        AuthScheme::None => return Ok(()),
    };
    if !profile.headers.contains_key(&header.to_ascii_lowercase()) {
        return Ok(());
    }
    Err(ProviderError::HeaderAndCredential { id: id.to_owned(), header: header.to_owned() })
}

/// Returns whether requests of the provider may contain a secret.
fn may_send_secrets(provider: &ProviderConfig, credentials: &AnyCredentials) -> bool {
    !matches!(credentials, AnyCredentials::None)
        || !provider.http_headers.is_empty()
        || !provider.env_http_headers.is_empty()
        || !provider.query_params.is_empty()
}

fn configure_retries(provider: &ProviderConfig) -> Retries {
    let defaults = Retries::default();
    Retries {
        request: provider.request_max_retries.unwrap_or(defaults.request),
        stream: provider.stream_max_retries.unwrap_or(defaults.stream),
    }
}

/// Returns the provider's own credentials, or the account's if the provider asks for them. The account's are sent to
/// their own origins only.
fn choose_credentials(
    id: &str,
    provider: &ProviderConfig,
    base: &Url,
    config: &Config,
    context: &ProviderContext,
) -> Result<AnyCredentials, ProviderError> {
    if let Some(command) = CredentialCommand::new(id, &provider.auth, &context.home, &context.environment) {
        if provider.env_key.is_some() || provider.requires_openai_auth {
            return Err(ProviderError::TwoCredentials { id: id.to_owned() });
        }
        return Ok(AnyCredentials::Command(Arc::new(command)));
    }
    if let Some(variable) = &provider.env_key {
        return Ok(AnyCredentials::EnvKey(EnvKey::new(&context.environment, id, variable)));
    }
    if !provider.requires_openai_auth {
        return Ok(AnyCredentials::None);
    }
    let (credential, allowed) = match provider.preset {
        Some(Preset::Codex) => ("ChatGPT tokens", backend_origin(config)),
        Some(_) | None => ("key", api_origin(config)),
    };
    let allowed = allowed?;
    if Origin::from_url(base) != allowed {
        return Err(ProviderError::WrongOrigin { id: id.to_owned(), credential, allowed });
    }
    Ok(match provider.preset {
        Some(Preset::Codex) => AnyCredentials::AccountTokens(Arc::clone(context.account.chatgpt()), allowed),
        Some(_) | None => AnyCredentials::AccountKey(Arc::clone(&context.account), allowed),
    })
}

/// Applies the configuration of the provider to the profile of its preset.
fn configure_profile(
    profile: ApiProfile,
    provider: &ProviderConfig,
    credentials: &AnyCredentials,
    environment: &Environment,
) -> ApiProfile {
    let mut profile = configure_images(profile, &provider.images);
    profile.keep_reasoning = provider.keep_reasoning.unwrap_or(profile.keep_reasoning);
    profile.models_endpoint = provider.models_endpoint.unwrap_or(profile.models_endpoint);
    profile.chat_model = provider.chat_model.unwrap_or(profile.chat_model);
    profile.prompt_cache_key = provider.prompt_cache_key.unwrap_or(profile.prompt_cache_key);
    let params = &provider.query_params;
    profile.query.extend(params.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())));
    let headers = &provider.http_headers;
    // Names of headers have no case.
    profile.headers.extend(headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.secret().clone())));
    for (name, variable) in &provider.env_http_headers {
        if let Some(value) = environment.text(variable) {
            profile.headers.insert(name.to_ascii_lowercase(), SecretString::from(value.trim().to_owned()));
        }
    }
    // A user who configures a key, or a header that may contain one, knows that the provider accepts it.
    match credentials {
        AnyCredentials::EnvKey(_) | AnyCredentials::Command(_) => {
            profile.image_auth.insert(AuthKind::ApiKey);
            if profile.auth == AuthScheme::None {
                profile.auth = AuthScheme::Bearer;
            }
        }
        AnyCredentials::None if !profile.headers.is_empty() => {
            profile.image_auth.insert(AuthKind::None);
        }
        AnyCredentials::None | AnyCredentials::AccountKey(..) | AnyCredentials::AccountTokens(..) => {}
    }
    profile
}

/// Applies the configuration of images to a profile.
fn configure_images(mut profile: ApiProfile, images: &ProviderImages) -> ApiProfile {
    let mask_field = Some("mask".to_owned());
    match images.edit {
        Some(EditStyle::None) => profile.edit = Edit::None,
        // A preset that already uses multipart has the right field names.
        Some(EditStyle::Multipart) if matches!(profile.edit, Edit::Multipart { .. }) => {}
        Some(EditStyle::Multipart) => profile.edit = Edit::Multipart { image_field: "image[]".to_owned(), mask_field },
        Some(EditStyle::Json) => {
            profile.edit = Edit::JsonImages;
            profile.limits.max_image_bytes = profile.limits.max_image_bytes.min(MAX_DATA_URL_IMAGE_BYTES);
        }
        Some(EditStyle::JsonXai) => profile.edit = Edit::JsonXai,
        None => {}
    }
    profile.limits.max_images = images.max_images.unwrap_or(profile.limits.max_images);
    profile.limits.max_n = images.max_n.unwrap_or(profile.limits.max_n);
    if let Some(parameters) = &images.parameters {
        profile.generate.parameters = parameters.iter().copied().collect();
    }
    profile.hosted_image_generation = images.hosted.unwrap_or(profile.hosted_image_generation);
    profile.namespace_tools = images.namespace_tools.unwrap_or(profile.namespace_tools);
    profile
}

#[cfg(test)]
mod tests;
