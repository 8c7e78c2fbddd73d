//! The set of providers: a closed enum, built from configuration.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use easel_config::{Config, Preset, ProviderConfig};
use easel_imagegen::capability::{AuthKind, Capabilities};
use easel_imagegen::port::{
    Files, ImageJob, Made, ModelError, ModelEvent, ModelRequest, Provider, ProviderInfo, image_error,
};
use easel_preview::{Billing, PROVIDER_ID, PreviewOptions, PreviewProvider};
use easel_protocol::record::{ImageError, ImageErrorKind};
use easel_protocol::turn::CodexErrorInfo;
use futures_core::Stream;
use futures_util::future::Either;
use futures_util::stream;

#[derive(Debug)]
pub(crate) enum AnyProvider {
    Preview(PreviewProvider),
    /// A provider that is named but cannot be used. Its turns fail and say why: nothing stands in for it.
    Unavailable(Unavailable),
}

#[derive(Debug)]
pub(crate) struct Unavailable {
    info: ProviderInfo,
    reason: String,
}

impl AnyProvider {
    /// The provider with this id: a configured one, or a built-in one.
    fn new(id: &str, config: &Config) -> Self {
        match (config.model_providers.get(id), id) {
            (Some(provider @ ProviderConfig { preset: Some(Preset::Preview), .. }), _) => {
                Self::Preview(PreviewProvider::new(PreviewOptions {
                    id: id.to_owned(),
                    delay: Duration::from_millis(provider.delay_ms),
                    billing: if provider.bills { Billing::Rehearsed } else { Billing::Free },
                }))
            }
            (Some(provider), _) => Self::Unavailable(Unavailable::new(
                id,
                provider.name.as_deref().unwrap_or(id),
                provider.base_url.clone(),
                format!("Provider `{id}` is reached over HTTP, which this version of Easel does not do."),
            )),
            (None, PROVIDER_ID) => Self::Preview(PreviewProvider::new(PreviewOptions::default())),
            (None, _) => Self::Unavailable(Unavailable::new(
                id,
                id,
                None,
                format!("Provider `{id}` is not configured: there is no [model_providers.{id}]."),
            )),
        }
    }

    /// Why turns with this provider fail, if they do.
    pub(crate) fn unavailable(&self) -> Option<&str> {
        match self {
            Self::Preview(_) => None,
            Self::Unavailable(unavailable) => Some(&unavailable.reason),
        }
    }
}

impl Unavailable {
    fn new(id: &str, name: &str, base_url: Option<String>, reason: String) -> Self {
        let capabilities = Capabilities {
            image_generation: false,
            hosted_image_generation: false,
            namespace_tools: false,
            image_auth: [AuthKind::None].into(),
            parameters: [].into(),
            max_references: 0,
            max_n: 1,
            bills: true,
        };
        let info = ProviderInfo {
            id: id.to_owned(),
            name: name.to_owned(),
            base_url,
            models: Vec::new(),
            image_model: String::new(),
            synthetic: false,
            capabilities,
        };
        Self { info, reason }
    }
}

impl Provider for AnyProvider {
    fn info(&self) -> &ProviderInfo {
        match self {
            Self::Preview(preview) => preview.info(),
            Self::Unavailable(unavailable) => &unavailable.info,
        }
    }

    fn respond<F: Files>(
        &self,
        request: ModelRequest,
        files: Arc<F>,
    ) -> impl Stream<Item = Result<ModelEvent<F::Staged>, ModelError>> + Send {
        match self {
            Self::Preview(preview) => Either::Left(preview.respond(request, files)),
            Self::Unavailable(Unavailable { reason, .. }) => {
                let error = ModelError { message: reason.clone(), info: CodexErrorInfo::BadRequest };
                Either::Right(stream::once(std::future::ready(Err(error))))
            }
        }
    }

    async fn make<F: Files>(&self, job: ImageJob, files: Arc<F>) -> Result<Made<F::Staged>, ImageError> {
        match self {
            Self::Preview(preview) => preview.make(job, files).await,
            Self::Unavailable(Unavailable { reason, .. }) => {
                Err(image_error(ImageErrorKind::Internal, reason.as_str()))
            }
        }
    }
}

/// The providers in use by id, each made when it is first named and again when a thread describes it otherwise.
/// Threads keep the one that they started with.
#[derive(Debug, Default)]
pub(crate) struct Providers(Mutex<BTreeMap<String, Described>>);

/// A provider and the description that it was made from.
#[derive(Debug)]
struct Described {
    description: Option<ProviderConfig>,
    provider: Arc<AnyProvider>,
}

impl Providers {
    pub(crate) fn get(&self, id: &str, config: &Config) -> Arc<AnyProvider> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let description = config.model_providers.get(id);
        if let Some(known) = table.get(id).filter(|known| known.description.as_ref() == description) {
            return Arc::clone(&known.provider);
        }
        let provider = Arc::new(AnyProvider::new(id, config));
        let described = Described { description: description.cloned(), provider: Arc::clone(&provider) };
        table.insert(id.to_owned(), described);
        provider
    }
}

/// The provider of a thread that names none: the configured one, else the preview.
pub(crate) fn default_id(config: &Config) -> &str {
    config.model_provider.as_deref().unwrap_or(PROVIDER_ID)
}

/// Every provider that can be named: the configured ones and the built-in preview.
pub(crate) fn ids(config: &Config) -> Vec<&str> {
    let mut ids: Vec<&str> = config.model_providers.keys().map(String::as_str).collect();
    if !config.model_providers.contains_key(PROVIDER_ID) {
        ids.push(PROVIDER_ID);
    }
    ids
}
