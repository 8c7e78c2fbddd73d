//! The providers: a closed enum, built from the configuration.

mod account;
mod cache;
mod catalog;
mod http;
mod models;

use std::sync::Arc;
use std::time::Duration;

use easel_config::{Config, ProviderConfig};
use easel_imagegen::capability::{AuthKind, Capabilities};
use easel_imagegen::port::{
    Files, GeneratedImages, ImageJob, ModelError, ModelEvent, ModelRequest, PreviewSink, Provider, ProviderInfo,
    image_error,
};
use easel_imagegen::preset::Preset;
use easel_preview::{Billing, PROVIDER_ID, PreviewOptions, PreviewProvider};
use easel_protocol::model::Model;
use easel_protocol::record::{ImageError, ImageErrorKind};
use easel_protocol::turn::CodexErrorInfo;
use easel_provider::HttpProvider;
use futures_core::Stream;
use futures_util::future::Either;
use futures_util::stream;
use tokio_util::sync::CancellationToken;

use crate::credentials::AnyCredentials;
use account::AccountProvider;
pub(crate) use cache::{Providers, provider_ids};
pub(crate) use catalog::{ProviderCatalog, default_model};
use http::{OPENAI, Sources};
pub(crate) use http::{api_origin, backend_origin};

#[derive(Debug)]
pub(crate) enum AnyProvider {
    Preview(PreviewProvider),
    Http(Box<HttpProvider<AnyCredentials>>),
    /// The built-in one, which is where the account's credential says.
    Account(Box<AccountProvider>),
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
    fn new(id: &str, config: &Config, sources: &Sources) -> Self {
        match (config.model_providers.get(id), id) {
            (Some(provider @ ProviderConfig { preset: Some(Preset::Preview), .. }), _) => {
                Self::Preview(PreviewProvider::new(PreviewOptions {
                    id: id.to_owned(),
                    delay: Duration::from_millis(provider.delay_ms),
                    billing: if provider.bills { Billing::Rehearsed } else { Billing::Free },
                }))
            }
            (Some(provider), _) => {
                let name = provider.name.as_deref().unwrap_or(id);
                let made = http::configured(id, provider, config, sources);
                Self::http(made, id, name, provider.base_url.clone())
            }
            (None, PROVIDER_ID) => Self::Preview(PreviewProvider::new(PreviewOptions::default())),
            (None, OPENAI) => match http::openai(config, sources) {
                Ok(provider) => Self::Account(Box::new(provider)),
                Err(reason) => Self::Unavailable(Unavailable::new(OPENAI, OPENAI, None, reason)),
            },
            (None, _) => {
                let reason = format!("Provider `{id}` is not configured: there is no [model_providers.{id}].");
                Self::Unavailable(Unavailable::new(id, id, None, reason))
            }
        }
    }

    fn http(
        made: Result<HttpProvider<AnyCredentials>, String>,
        id: &str,
        name: &str,
        base_url: Option<String>,
    ) -> Self {
        match made {
            Ok(provider) => Self::Http(Box::new(provider)),
            Err(reason) => Self::Unavailable(Unavailable::new(id, name, base_url, reason)),
        }
    }

    /// The models that can be chosen: those of the table, and those that the provider itself lists.
    pub(crate) async fn models(&self) -> Vec<Model> {
        match self {
            Self::Http(provider) => models::with_listed(&provider.info().models, &provider.list_models().await),
            Self::Account(provider) => {
                let provider = provider.in_use();
                models::with_listed(&provider.info().models, &provider.list_models().await)
            }
            Self::Preview(_) | Self::Unavailable(_) => self.info().models.clone(),
        }
    }

    /// Why turns with this provider fail, if they do.
    pub(crate) fn unavailable(&self) -> Option<&str> {
        match self {
            Self::Preview(_) | Self::Http(_) | Self::Account(_) => None,
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
            partial_images: false,
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
            Self::Http(provider) => provider.info(),
            Self::Account(provider) => provider.in_use().info(),
            Self::Unavailable(unavailable) => &unavailable.info,
        }
    }

    fn auth(&self) -> AuthKind {
        match self {
            Self::Preview(preview) => preview.auth(),
            Self::Http(provider) => provider.auth(),
            Self::Account(provider) => provider.in_use().auth(),
            Self::Unavailable(_) => AuthKind::None,
        }
    }

    fn respond<F: Files>(
        &self,
        request: ModelRequest,
        files: Arc<F>,
        stop: CancellationToken,
    ) -> impl Stream<Item = Result<ModelEvent, ModelError>> + Send {
        match self {
            Self::Preview(preview) => Either::Left(Either::Left(preview.respond(request, files, stop))),
            Self::Http(provider) => Either::Left(Either::Right(provider.respond(request, files, stop))),
            Self::Account(provider) => Either::Left(Either::Right(provider.in_use().respond(request, files, stop))),
            Self::Unavailable(Unavailable { reason, .. }) => {
                let error = ModelError { message: reason.clone(), info: CodexErrorInfo::BadRequest };
                Either::Right(stream::once(std::future::ready(Err(error))))
            }
        }
    }

    async fn make<F: Files>(
        &self,
        job: ImageJob,
        files: Arc<F>,
        previews: PreviewSink,
        stop: CancellationToken,
    ) -> Result<GeneratedImages, ImageError> {
        match self {
            Self::Preview(preview) => preview.make(job, files, previews, stop).await,
            Self::Http(provider) => provider.make(job, files, previews, stop).await,
            Self::Account(provider) => provider.in_use().make(job, files, previews, stop).await,
            Self::Unavailable(Unavailable { reason, .. }) => {
                Err(image_error(ImageErrorKind::Internal, reason.as_str()))
            }
        }
    }
}
