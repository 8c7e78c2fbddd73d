//! The service of `model/list` and `modelProvider/…`: which providers and models a client can choose.

use std::sync::Arc;

use easel_config::Config;
use easel_imagegen::port::{Provider, ProviderInfo};
use easel_protocol::model::{
    Model, ModelProvider, ModelProviderCapabilitiesReadResponse, ModelProviderListResponse, ProviderSettings,
};

use super::{Providers, ThreadProvider, provider_ids};
use crate::settings::Configuration;

/// The service of `model/list` and `modelProvider/…`.
pub(crate) struct ProviderCatalog {
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) providers: Arc<Providers>,
}

impl ProviderCatalog {
    /// Returns the provider of a new thread that names none.
    pub(crate) fn default_provider(&self) -> Arc<ThreadProvider> {
        let config = self.configuration.config();
        self.providers.get(self.providers.default_id(&config), &config)
    }

    /// Returns the provider and the model of a new thread that names none.
    pub(crate) fn defaults(&self) -> (Arc<ThreadProvider>, String) {
        let provider = self.default_provider();
        let model = default_model(provider.info(), &self.configuration.config());
        (provider, model)
    }

    /// Returns the models of the default provider. May request the list over the network.
    pub(crate) async fn models(&self, include_hidden: bool) -> Vec<Model> {
        let mut models = self.default_provider().models().await;
        models.retain(|model| include_hidden || !model.hidden);
        models
    }

    /// Lists the providers: the configured ones and the built-in ones.
    pub(crate) fn list(&self) -> ModelProviderListResponse {
        let config = self.configuration.config();
        let describe = |id: &str| {
            let provider = self.providers.get_single(id, &config);
            let info = provider.info();
            ModelProvider {
                id: info.id.clone(),
                name: info.name.clone(),
                base_url: info.base_url.clone(),
                can_edit: false,
                settings: ProviderSettings::Openai {},
            }
        };
        ModelProviderListResponse {
            data: provider_ids(&config).into_iter().map(describe).collect(),
            default_provider_id: self.providers.default_id(&config).to_owned(),
            can_change_default: false,
        }
    }

    /// Describes what the default provider can do.
    pub(crate) fn capabilities(&self) -> ModelProviderCapabilitiesReadResponse {
        let provider = self.default_provider();
        let has_hosted = provider.info().capabilities.hosted_image_generation && provider.separate_images().is_none();
        let image_generation = provider.image_info().capabilities.image_generation || has_hosted;
        ModelProviderCapabilitiesReadResponse { image_generation, web_search: false }
    }
}

/// Returns the model of a thread that names none: the configured one, else the provider's default.
pub(crate) fn default_model(provider: &ProviderInfo, config: &Config) -> String {
    let first = || provider.models.iter().find(|model| model.is_default).or(provider.models.first());
    config.model.clone().or_else(|| first().map(|model| model.model.clone())).unwrap_or_default()
}
