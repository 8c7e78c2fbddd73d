//! A provider over HTTP from its configuration: the profile of its preset with what is set over it, where it is, and
//! what it is authorised with.

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

use super::account::AccountProvider;
use super::models::models;
use crate::credentials::{Account, AnyCredentials, EnvKey, Helper, Origin};

/// The built-in provider's id.
pub(crate) const OPENAI: &str = "openai";

/// What a provider is made from besides the configuration.
#[derive(Debug)]
pub(super) struct Sources {
    pub(super) environment: Environment,
    /// Easel's home.
    pub(super) home: PathBuf,
    pub(super) account: Arc<Account>,
}

/// The built-in provider, in both of its places.
pub(super) fn openai(config: &Config, sources: &Sources) -> Result<AccountProvider, String> {
    let place = |preset, base_url| {
        let provider = ProviderConfig {
            name: Some("OpenAI".to_owned()),
            preset: Some(preset),
            base_url: Some(base_url),
            requires_openai_auth: true,
            ..ProviderConfig::default()
        };
        configured(OPENAI, &provider, config, sources)
    };
    let api = place(Preset::Openai, api_url(config))?;
    let backend = place(Preset::Codex, backend_url(config))?;
    Ok(AccountProvider::new(Arc::clone(&sources.account), api, backend))
}

/// # Errors
/// One sentence that says what the configuration lacks; no value of it, which may be a secret.
pub(super) fn configured(
    id: &str,
    provider: &ProviderConfig,
    config: &Config,
    sources: &Sources,
) -> Result<HttpProvider<AnyCredentials>, String> {
    let profile = ApiProfile::from_preset(provider.preset.unwrap_or(Preset::Generic));
    let base_url = provider.base_url.as_deref().or(profile.base_url);
    let base_url = base_url.ok_or_else(|| format!("Provider `{id}` has no base_url."))?;
    let base = Url::parse(base_url).map_err(|error| format!("The base_url of provider `{id}` is no URL: {error}."))?;
    let credentials = credentials(id, provider, &base, config, sources)?;
    let mut profile = configured_profile(profile, provider, &credentials, &sources.environment);
    profile.allow_plain_http = provider.allow_plain_http;
    profile.metadata = if config.images.strip_metadata { Metadata::Strip } else { Metadata::Send };
    let defaults = Timeouts::default();
    let endpoint = Endpoint::new(base, provider.connect_timeout_ms.map_or(defaults.connect, Duration::from_millis));
    if names_secrets(provider, &credentials)
        && let Some(reason) = endpoint.exposes_secrets(&profile)
    {
        return Err(format!("Provider `{id}` is not used: {reason}."));
    }
    let info = ProviderInfo {
        id: id.to_owned(),
        name: provider.name.clone().unwrap_or_else(|| id.to_owned()),
        base_url: Some(base_url.to_owned()),
        models: models(config.model.as_deref()),
        image_model: provider.image_model.clone().unwrap_or_else(|| config.images.model.clone()),
        synthetic: false,
        capabilities: profile.capabilities(),
    };
    let timeouts = Timeouts {
        stream_idle: provider.stream_idle_timeout_ms.map_or(defaults.stream_idle, Duration::from_millis),
        ..defaults
    };
    let retries = retries(provider, config);
    Ok(HttpProvider::new(info, profile, endpoint, credentials, timeouts, retries))
}

/// Whether its requests may hold a secret.
fn names_secrets(provider: &ProviderConfig, credentials: &AnyCredentials) -> bool {
    !matches!(credentials, AnyCredentials::None)
        || !provider.http_headers.is_empty()
        || !provider.env_http_headers.is_empty()
        || !provider.query_params.is_empty()
}

fn retries(provider: &ProviderConfig, config: &Config) -> Retries {
    let defaults = Retries::default();
    let uncertain_images = if config.images.retry_uncertain { Retries::UNCERTAIN_IMAGES } else { 0 };
    Retries {
        request: provider.request_max_retries.unwrap_or(defaults.request),
        stream: provider.stream_max_retries.unwrap_or(defaults.stream),
        uncertain_images,
    }
}

/// The provider's own credential, if it names one. The account's go to their own origins only, whoever asks for them.
fn credentials(
    id: &str,
    provider: &ProviderConfig,
    base: &Url,
    config: &Config,
    sources: &Sources,
) -> Result<AnyCredentials, String> {
    if let Some(helper) = Helper::new(id, &provider.auth, &sources.home, &sources.environment) {
        if provider.env_key.is_some() || provider.requires_openai_auth {
            return Err(format!("Provider `{id}` has auth.command and another credential; it takes one of them."));
        }
        return Ok(AnyCredentials::Helper(Arc::new(helper)));
    }
    if let Some(variable) = &provider.env_key {
        return Ok(AnyCredentials::Key(EnvKey::new(&sources.environment, variable)));
    }
    if !provider.requires_openai_auth {
        return Ok(AnyCredentials::None);
    }
    let (what, home) = match provider.preset {
        Some(Preset::Codex) => ("ChatGPT tokens", backend_origin(config)),
        Some(_) | None => ("key", api_origin(config)),
    };
    let home = home?;
    if Origin::of(base) != home {
        return Err(format!(
            "Provider `{id}` asks for the account's {what}, which may go to {home} only; set env_key or auth.command \
             instead."
        ));
    }
    Ok(match provider.preset {
        Some(Preset::Codex) => AnyCredentials::AccountTokens(Arc::clone(sources.account.tokens()), home),
        Some(_) | None => AnyCredentials::AccountKey(Arc::clone(&sources.account), home),
    })
}

/// Where the account's key goes: what a key that is given now is for.
pub(crate) fn api_origin(config: &Config) -> Result<Origin, String> {
    Origin::parse(&api_url(config)).ok_or_else(|| "openai_base_url is no URL.".to_owned())
}

/// Where the account's ChatGPT tokens go: what tokens that are given now are for.
pub(crate) fn backend_origin(config: &Config) -> Result<Origin, String> {
    Origin::parse(&backend_url(config)).ok_or_else(|| "chatgpt_base_url is no URL.".to_owned())
}

fn api_url(config: &Config) -> String {
    let preset = ApiProfile::from_preset(Preset::Openai).base_url.unwrap_or_default();
    config.openai_base_url.clone().unwrap_or_else(|| preset.to_owned())
}

fn backend_url(config: &Config) -> String {
    let preset = ApiProfile::from_preset(Preset::Codex).base_url.unwrap_or_default();
    let configured = config.chatgpt_base_url.as_ref();
    configured.map_or_else(|| preset.to_owned(), |base| format!("{}/codex", base.trim_end_matches('/')))
}

/// The preset's profile with what the configuration sets over it.
fn configured_profile(
    profile: ApiProfile,
    provider: &ProviderConfig,
    credentials: &AnyCredentials,
    environment: &Environment,
) -> ApiProfile {
    let mut profile = with_images(profile, &provider.images);
    profile.models_endpoint = provider.models_endpoint.unwrap_or(profile.models_endpoint);
    let params = &provider.query_params;
    profile.query.extend(params.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())));
    let headers = &provider.http_headers;
    profile
        .headers
        .extend(headers.iter().map(|(name, value)| (name.clone(), SecretString::from(value.expose().to_owned()))));
    for (name, variable) in &provider.env_http_headers {
        if let Some(value) = environment.text(variable) {
            profile.headers.insert(name.clone(), SecretString::from(value.trim().to_owned()));
        }
    }
    // Who gives a key, or a header that may hold one, knows what the provider takes.
    match credentials {
        AnyCredentials::Key(_) | AnyCredentials::Helper(_) => {
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

fn with_images(mut profile: ApiProfile, images: &ProviderImages) -> ApiProfile {
    let mask_field = Some("mask".to_owned());
    match images.edit {
        Some(EditStyle::None) => profile.edit = Edit::None,
        // A preset that is multipart already knows the names of its fields better.
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
