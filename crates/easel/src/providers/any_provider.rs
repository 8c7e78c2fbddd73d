//! The provider of a thread: one of a closed set.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use easel_config::{Config, ProviderConfig};
use easel_imagegen::capability::AuthKind;
use easel_imagegen::port::{
    Files, GeneratedImages, ImageJob, ModelError, ModelEvent, ModelRequest, PreviewSink, Provider, ProviderInfo,
    image_error,
};
use easel_imagegen::preset::Preset;
use easel_preview::{Billing, Drawer, PROVIDER_ID, PreviewOptions, PreviewProvider};
use easel_protocol::model::Model;
use easel_protocol::record::{ImageError, ImageErrorKind};
use easel_protocol::turn::CodexErrorInfo;
use easel_provider::{Credentials, HttpProvider, Probe, ProbeError, Proxy};
use futures_core::Stream;
use futures_util::future::Either;
use futures_util::stream;
use tokio_util::sync::CancellationToken;

use super::ProviderError;
use super::account::AccountProvider;
use super::http::{self, OPENAI, ProviderContext};
use super::models;
use super::unavailable::UnavailableProvider;
use crate::credentials::AnyCredentials;

/// A provider, built from the configuration.
#[derive(Debug)]
pub(crate) enum AnyProvider {
    /// Draws placeholder images without a model.
    Preview(PreviewProvider),
    /// A configured provider.
    Http(Box<HttpProvider<AnyCredentials>>),
    /// The built-in provider `openai`, which follows the account's credential.
    Account(Box<AccountProvider>),
    /// A provider that cannot be used. Its turns fail with the reason; no other provider takes over.
    Unavailable(UnavailableProvider),
}

impl AnyProvider {
    /// Builds the provider with this id: a configured one, or a built-in one.
    pub(super) fn new(id: &str, config: &Config, context: &ProviderContext) -> Self {
        match (config.model_providers.get(id), id) {
            (Some(provider @ ProviderConfig { preset: Some(Preset::Preview), .. }), _) => {
                Self::Preview(PreviewProvider::new(PreviewOptions {
                    id: id.to_owned(),
                    delay: Duration::from_millis(provider.delay_ms),
                    billing: if provider.bills { Billing::Rehearsed } else { Billing::Free },
                    drawer: Drawer::Preview,
                }))
            }
            (Some(provider), _) => {
                let name = provider.name.as_deref().unwrap_or(id);
                match http::build(id, provider, config, context) {
                    Ok(http) => Self::Http(Box::new(http)),
                    Err(error) => Self::unavailable(id, name, provider.base_url.clone(), &error),
                }
            }
            (None, PROVIDER_ID) => Self::Preview(PreviewProvider::new(PreviewOptions::default())),
            (None, OPENAI) => match http::build_openai(config, context) {
                Ok(provider) => Self::Account(Box::new(provider)),
                Err(error) => Self::unavailable(OPENAI, OPENAI, None, &error),
            },
            (None, _) => Self::unavailable(id, id, None, &ProviderError::not_configured(id, config)),
        }
    }

    fn unavailable(id: &str, name: &str, base_url: Option<String>, error: &ProviderError) -> Self {
        Self::Unavailable(UnavailableProvider::new(id, name, base_url, error.to_string()))
    }

    /// Returns the models that a client can choose: the bundled ones, and those that the provider lists.
    pub(crate) async fn models(&self) -> Vec<Model> {
        match self {
            Self::Http(provider) => models::merge_listed(&provider.info().models, &provider.list_models().await),
            Self::Account(provider) => {
                let provider = provider.active();
                models::merge_listed(&provider.info().models, &provider.list_models().await)
            }
            Self::Preview(_) | Self::Unavailable(_) => self.info().models.clone(),
        }
    }

    /// Checks that requests to this provider have a credential, if it needs one. May run a program that prints it.
    ///
    /// # Errors
    /// If the provider cannot be used, or if its credential is missing or cannot be read.
    pub(crate) async fn check_credential(&self) -> Result<(), Box<dyn Error>> {
        match self {
            Self::Preview(_) => Ok(()),
            Self::Http(provider) => Ok(provider.credentials().current().await.map(drop)?),
            Self::Account(provider) => Ok(provider.active().credentials().current().await.map(drop)?),
            Self::Unavailable(unavailable) => Err(unavailable.reason().into()),
        }
    }

    /// Returns where the credential comes from, as a completion of "the credential comes from"; `None` if the provider
    /// uses none.
    pub(crate) fn credential_source(&self) -> Option<String> {
        match self {
            Self::Preview(_) | Self::Unavailable(_) => None,
            Self::Http(provider) => provider.credentials().source(),
            Self::Account(provider) => provider.active().credentials().source(),
        }
    }

    /// Returns what to do about a credential that is missing or refused, in one sentence.
    pub(crate) fn credential_remedy(&self) -> &'static str {
        match self {
            Self::Preview(_) | Self::Unavailable(_) => AnyCredentials::None.remedy(),
            Self::Http(provider) => provider.credentials().remedy(),
            Self::Account(provider) => provider.active().credentials().remedy(),
        }
    }

    /// Finds out whether the provider can be reached and accepts the credential, with a request that is not billed.
    /// `None` if there is nothing to reach.
    pub(crate) async fn probe(&self) -> Option<Result<Probe, ProbeError>> {
        match self {
            Self::Preview(_) | Self::Unavailable(_) => None,
            Self::Http(provider) => Some(provider.probe().await),
            Self::Account(provider) => Some(provider.active().probe().await),
        }
    }

    /// Returns the proxy of the environment that requests use.
    pub(crate) fn proxy(&self) -> Option<Proxy> {
        match self {
            Self::Preview(_) | Self::Unavailable(_) => None,
            Self::Http(provider) => provider.proxy().cloned(),
            Self::Account(provider) => provider.active().proxy().cloned(),
        }
    }

    /// Returns whether the provider has a model that answers. Without one it only makes images.
    pub(crate) fn has_chat_model(&self) -> bool {
        match self {
            Self::Http(provider) => provider.has_chat_model(),
            Self::Preview(_) | Self::Account(_) | Self::Unavailable(_) => true,
        }
    }

    /// Returns why turns with this provider fail, if they do.
    pub(crate) fn unavailable_reason(&self) -> Option<&str> {
        match self {
            Self::Preview(_) | Self::Http(_) | Self::Account(_) => None,
            Self::Unavailable(unavailable) => Some(unavailable.reason()),
        }
    }
}

impl Provider for AnyProvider {
    fn info(&self) -> &ProviderInfo {
        match self {
            Self::Preview(preview) => preview.info(),
            Self::Http(provider) => provider.info(),
            Self::Account(provider) => provider.active().info(),
            Self::Unavailable(unavailable) => unavailable.info(),
        }
    }

    fn auth(&self) -> AuthKind {
        match self {
            Self::Preview(preview) => preview.auth(),
            Self::Http(provider) => provider.auth(),
            Self::Account(provider) => provider.active().auth(),
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
            Self::Account(provider) => Either::Left(Either::Right(provider.active().respond(request, files, stop))),
            Self::Unavailable(unavailable) => {
                let message = unavailable.reason().to_owned();
                let error = ModelError { message, info: CodexErrorInfo::BadRequest, was_refused: true };
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
            Self::Account(provider) => provider.active().make(job, files, previews, stop).await,
            Self::Unavailable(unavailable) => Err(image_error(ImageErrorKind::Internal, unavailable.reason())),
        }
    }
}
