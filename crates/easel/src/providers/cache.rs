//! Builds providers and caches them, so that threads share their connections.

use std::path::PathBuf;
use std::sync::Arc;

use easel_config::{Config, Environment, ProviderConfig};
use easel_imagegen::capability::AuthKind;
use easel_preview::PROVIDER_ID;
use parking_lot::Mutex;

use super::any_provider::AnyProvider;
use super::error::ProviderError;
use super::http::{OPENAI, ProviderContext};
use super::thread_provider::ThreadProvider;
use crate::credentials::Account;

/// Maximum number of cached providers. Threads may have a configuration of their own, and a client that varies it
/// without end must not fill the memory. A provider that leaves the cache lives on in the threads that use it.
const MAX_CACHED: usize = 64;

/// Builds providers, and caches the most recently used ones.
#[derive(Debug)]
pub(crate) struct Providers {
    context: ProviderContext,
    cache: Mutex<Cache>,
    /// The providers of threads, the least recently used first.
    for_threads: Mutex<Vec<Arc<ThreadProvider>>>,
}

/// The part of the configuration that a provider is built from. A thread whose overrides change it has its own
/// provider.
#[derive(Debug, PartialEq)]
struct ProviderKey {
    id: String,
    provider: Option<ProviderConfig>,
    /// The URLs that the account's credentials are sent to.
    account_urls: [Option<String>; 2],
    model: Option<String>,
    image_model: String,
    strip_metadata: bool,
}

/// Providers, the least recently used first. A configuration has no hash, so the search is linear; it is rare and
/// short.
#[derive(Debug, Default)]
struct Cache(Vec<(ProviderKey, Arc<AnyProvider>)>);

impl Cache {
    /// Returns the provider and marks it as used.
    fn get(&mut self, key: &ProviderKey) -> Option<Arc<AnyProvider>> {
        let index = self.0.iter().position(|(cached, _)| cached == key)?;
        let entry = self.0.remove(index);
        let provider = Arc::clone(&entry.1);
        self.0.push(entry);
        Some(provider)
    }

    /// Returns the cached provider, or caches `provider` in place of the least recently used one.
    fn get_or_insert(&mut self, key: ProviderKey, provider: Arc<AnyProvider>) -> Arc<AnyProvider> {
        if let Some(cached) = self.get(&key) {
            return cached;
        }
        if self.0.len() == MAX_CACHED {
            self.0.remove(0);
        }
        self.0.push((key, Arc::clone(&provider)));
        provider
    }
}

impl Providers {
    /// Creates an empty cache. Providers use the credentials of `account` and `environment`.
    pub(crate) fn new(environment: Environment, home: PathBuf, account: Arc<Account>) -> Self {
        Self {
            context: ProviderContext { environment, home, account },
            cache: Mutex::default(),
            for_threads: Mutex::default(),
        }
    }

    /// Returns the provider of a thread that names `id`. The configuration may name another one for its images.
    pub(crate) fn get(&self, id: &str, config: &Config) -> Arc<ThreadProvider> {
        let own = self.get_single(id, config);
        let images = config.images.provider.as_deref().filter(|images| *images != id);
        let images = images.map_or_else(|| Arc::clone(&own), |images| self.get_single(images, config));
        let mut cached = self.for_threads.lock();
        let known = cached.iter().position(|known| known.consists_of(&own, &images));
        let provider = match known {
            Some(index) => cached.remove(index),
            None => Arc::new(ThreadProvider::new(id, own, images)),
        };
        if cached.len() == MAX_CACHED {
            cached.remove(0);
        }
        cached.push(Arc::clone(&provider));
        provider
    }

    /// Returns the provider `id` of a configuration.
    pub(crate) fn get_single(&self, id: &str, config: &Config) -> Arc<AnyProvider> {
        let key = ProviderKey {
            id: id.to_owned(),
            provider: config.model_providers.get(id).cloned(),
            account_urls: [config.openai_base_url.clone(), config.chatgpt_base_url.clone()],
            model: config.model.clone(),
            image_model: config.images.model.clone(),
            strip_metadata: config.images.strip_metadata,
        };
        if let Some(provider) = self.cache.lock().get(&key) {
            return provider;
        }
        // Built without the lock, since it reads certificates. If two callers build the same provider, both use the
        // first.
        let provider = Arc::new(AnyProvider::new(id, config, &self.context));
        self.cache.lock().get_or_insert(key, provider)
    }

    /// Returns the id of the provider of a thread that names none: the configured one, else the built-in one if the
    /// user is logged in, else the preview.
    pub(crate) fn default_id<'a>(&self, config: &'a Config) -> &'a str {
        match config.model_provider.as_deref() {
            Some(id) => id,
            None if self.context.account.kind() != AuthKind::None => OPENAI,
            None => PROVIDER_ID,
        }
    }

    /// Returns whether the default provider, or the one that makes its images, uses the account's credential.
    pub(crate) fn requires_openai_auth(&self, config: &Config) -> bool {
        let requires =
            |id: &str| config.model_providers.get(id).map_or(id == OPENAI, |provider| provider.requires_openai_auth);
        requires(self.default_id(config)) || config.images.provider.as_deref().is_some_and(requires)
    }
}

/// Checks that a provider with this id exists. It may still be unusable.
///
/// # Errors
/// [`ProviderError::NotConfigured`], which suggests a similar name.
pub(crate) fn require_provider(id: &str, config: &Config) -> Result<(), ProviderError> {
    if provider_ids(config).contains(&id) { Ok(()) } else { Err(ProviderError::not_configured(id, config)) }
}

/// Returns the ids of all providers: the configured ones, then the built-in ones.
pub(crate) fn provider_ids(config: &Config) -> Vec<&str> {
    let mut ids: Vec<&str> = config.model_providers.keys().map(String::as_str).collect();
    for built_in in [OPENAI, PROVIDER_ID] {
        if !config.model_providers.contains_key(built_in) {
            ids.push(built_in);
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use easel_config::CredentialsStore;

    use super::*;
    use crate::credentials::LoginStore;

    #[test]
    fn least_recently_used_provider_is_evicted() {
        let home = tempfile::tempdir().unwrap();
        let store = LoginStore::new(home.path().to_owned(), CredentialsStore::File);
        let account = Arc::new(Account::open(&Environment::default(), store));
        let providers = Providers::new(Environment::default(), home.path().to_owned(), account);
        let variant = |number: usize| Config { model: Some(format!("model-{number}")), ..Config::default() };
        let (first, second) = (providers.get(OPENAI, &variant(0)), providers.get(OPENAI, &variant(1)));
        for number in 2..=MAX_CACHED {
            assert!(Arc::ptr_eq(&first, &providers.get(OPENAI, &variant(0))), "it is used all the time");
            providers.get(OPENAI, &variant(number));
        }
        assert!(Arc::ptr_eq(&first, &providers.get(OPENAI, &variant(0))));
        assert!(!Arc::ptr_eq(&second, &providers.get(OPENAI, &variant(1))), "it was evicted and built again");
    }
}
