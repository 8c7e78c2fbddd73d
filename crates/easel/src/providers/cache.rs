//! The providers in use.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use easel_config::{Config, Environment, ProviderConfig};
use easel_imagegen::capability::AuthKind;
use easel_preview::PROVIDER_ID;

use super::AnyProvider;
use super::http::{OPENAI, Sources};
use crate::credentials::Account;

/// Providers that are kept. Threads may bring their own configuration, and a client that varies it without end must not
/// fill the memory; one that is dropped here lives on in the threads that use it.
const MOST_KEPT: usize = 64;

/// Providers, each made when it is first asked for, so that its connections are shared.
#[derive(Debug)]
pub(crate) struct Providers {
    sources: Sources,
    kept: Mutex<Vec<(Recipe, Arc<AnyProvider>)>>,
}

/// All of the configuration that a provider is made from: one thread's overrides make a provider of its own.
#[derive(Debug, PartialEq)]
struct Recipe {
    id: String,
    provider: Option<ProviderConfig>,
    /// Where the account's credentials go.
    account_urls: [Option<String>; 2],
    model: Option<String>,
    image_model: String,
    retry_uncertain: bool,
    strip_metadata: bool,
}

impl Providers {
    pub(crate) fn new(environment: Environment, home: PathBuf, account: Arc<Account>) -> Self {
        Self { sources: Sources { environment, home, account }, kept: Mutex::default() }
    }

    pub(crate) fn get(&self, id: &str, config: &Config) -> Arc<AnyProvider> {
        let recipe = Recipe {
            id: id.to_owned(),
            provider: config.model_providers.get(id).cloned(),
            account_urls: [config.openai_base_url.clone(), config.chatgpt_base_url.clone()],
            model: config.model.clone(),
            image_model: config.images.model.clone(),
            retry_uncertain: config.images.retry_uncertain,
            strip_metadata: config.images.strip_metadata,
        };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, provider)) = kept.iter().find(|(known, _)| *known == recipe) {
            return Arc::clone(provider);
        }
        if kept.len() == MOST_KEPT {
            kept.remove(0);
        }
        let provider = Arc::new(AnyProvider::new(id, config, &self.sources));
        kept.push((recipe, Arc::clone(&provider)));
        provider
    }

    /// The provider of a thread that names none: the configured one, else the built-in one when somebody is logged in,
    /// else the preview.
    pub(crate) fn default_id<'a>(&self, config: &'a Config) -> &'a str {
        match config.model_provider.as_deref() {
            Some(id) => id,
            None if self.sources.account.kind() != AuthKind::None => OPENAI,
            None => PROVIDER_ID,
        }
    }

    /// Whether the default provider takes the account's credential.
    pub(crate) fn requires_openai_auth(&self, config: &Config) -> bool {
        let id = self.default_id(config);
        config.model_providers.get(id).map_or(id == OPENAI, |provider| provider.requires_openai_auth)
    }
}

/// Every provider that can be named: the configured ones and the built-in ones.
pub(crate) fn provider_ids(config: &Config) -> Vec<&str> {
    let mut ids: Vec<&str> = config.model_providers.keys().map(String::as_str).collect();
    for built_in in [OPENAI, PROVIDER_ID] {
        if !config.model_providers.contains_key(built_in) {
            ids.push(built_in);
        }
    }
    ids
}
