//! The implementation of the provider port over HTTP.

use std::sync::Arc;

use easel_imagegen::capability::AuthKind;
use easel_imagegen::port::{
    Files, GeneratedImages, ImageJob, ModelError, ModelEvent, ModelRequest, PreviewSink, Provider, ProviderInfo,
};
use easel_protocol::record::ImageError;
use futures_core::Stream;
use tokio_util::sync::CancellationToken;

use crate::credential::Credentials;
use crate::http::{ApiClient, Endpoint, Proxy};
use crate::images::{self, ImagesApi};
use crate::models::ModelList;
use crate::models::probe::{self, Probe, ProbeError};
use crate::profile::ApiProfile;
use crate::responses::{self, Refusals, ResponsesApi};
use crate::settings::{Retries, Timeouts};

/// A provider that speaks OpenAI's HTTP API in the dialect of its [`ApiProfile`].
#[derive(Debug)]
pub struct HttpProvider<C> {
    pub(crate) info: ProviderInfo,
    pub(crate) client: ApiClient<C>,
    pub(crate) timeouts: Timeouts,
    pub(crate) retries: Retries,
    pub(crate) models: ModelList,
    pub(crate) refusals: Refusals,
}

impl<C: Credentials> HttpProvider<C> {
    /// Creates a provider. It connects when the first request is sent.
    pub fn new(
        info: ProviderInfo,
        profile: ApiProfile,
        endpoint: Endpoint,
        credentials: C,
        timeouts: Timeouts,
        retries: Retries,
    ) -> Self {
        let client = ApiClient { provider_id: info.id.clone(), profile, endpoint, credentials };
        Self { info, client, timeouts, retries, models: ModelList::default(), refusals: Refusals::default() }
    }

    /// Returns the source of the credentials.
    pub fn credentials(&self) -> &C {
        &self.client.credentials
    }

    /// Finds out whether the provider can be reached and accepts the credential, with a request that is not billed.
    ///
    /// # Errors
    ///
    /// See [`ProbeError`].
    pub async fn probe(&self) -> Result<Probe, ProbeError> {
        probe::probe(&self.client, &self.info.image_model).await
    }

    /// Returns the proxy of the environment that requests use.
    pub fn proxy(&self) -> Option<&Proxy> {
        self.client.endpoint.proxy()
    }

    /// Returns whether the provider has a model that answers.
    pub fn has_chat_model(&self) -> bool {
        self.client.profile.chat_model
    }

    /// Returns the ids of the chat models that the provider lists, in its order.
    ///
    /// Returns no ids if the provider has no list or does not send it within ten seconds and 1 MiB; the log says why.
    /// The result is cached for five minutes.
    pub async fn list_models(&self) -> Vec<String> {
        self.models.get(&self.client, &self.info.image_model).await
    }
}

impl<C: Credentials> Provider for HttpProvider<C> {
    fn info(&self) -> &ProviderInfo {
        &self.info
    }

    fn auth(&self) -> AuthKind {
        if self.client.profile.has_actor_authorization() { AuthKind::Actor } else { self.client.credentials.kind() }
    }

    fn respond<F: Files>(
        &self,
        request: ModelRequest,
        files: Arc<F>,
        stop: CancellationToken,
    ) -> impl Stream<Item = Result<ModelEvent, ModelError>> + Send {
        let api = ResponsesApi {
            client: &self.client,
            timeouts: self.timeouts,
            retries: self.retries,
            refusals: &self.refusals,
        };
        responses::respond(api, request, files, stop)
    }

    async fn make<F: Files>(
        &self,
        job: ImageJob,
        files: Arc<F>,
        previews: PreviewSink,
        stop: CancellationToken,
    ) -> Result<GeneratedImages, ImageError> {
        let api = ImagesApi { client: &self.client, model: &self.info.image_model };
        images::generate(api, job, files, previews, stop).await
    }
}
