//! One provider over HTTP.

use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::capability::AuthKind;
use easel_imagegen::port::{
    Files, GeneratedImages, ImageJob, ModelError, ModelEvent, ModelRequest, PreviewSink, Provider, ProviderInfo,
};
use easel_protocol::record::ImageError;
use futures_core::Stream;
use tokio_util::sync::CancellationToken;

use crate::credential::Credentials;
use crate::endpoint::Endpoint;
use crate::models::Listed;
use crate::profile::ApiProfile;
use crate::responses::RefusedPictures;
use crate::{images, responses};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    pub connect: Duration,
    /// Between two pieces of the model's answer.
    pub stream_idle: Duration,
    /// For a whole answer of the model.
    pub answer: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            stream_idle: Duration::from_secs(300),
            answer: Duration::from_secs(3_600),
        }
    }
}

/// How often a request is sent again. The first two share one budget for each answer, the larger of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// Requests to the model that brought no answer.
    pub request: u32,
    /// Answers of the model that were cut before they said anything.
    pub stream: u32,
    /// Image requests that the provider may or may not have accepted. Each may be billed.
    pub uncertain_images: u32,
}

impl Retries {
    /// For those who would rather pay twice than go without their image.
    pub const UNCERTAIN_IMAGES: u32 = 2;
}

impl Default for Retries {
    fn default() -> Self {
        Self { request: 2, stream: 2, uncertain_images: 0 }
    }
}

/// Implements the port for any provider that a [`ApiProfile`] describes.
#[derive(Debug)]
pub struct HttpProvider<C> {
    pub(crate) info: ProviderInfo,
    pub(crate) record: ApiProfile,
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) credentials: C,
    pub(crate) timeouts: Timeouts,
    pub(crate) retries: Retries,
    pub(crate) listed: Listed,
    pub(crate) refused_pictures: RefusedPictures,
}

impl<C: Credentials> HttpProvider<C> {
    pub fn new(
        info: ProviderInfo,
        record: ApiProfile,
        endpoint: Endpoint,
        credentials: C,
        timeouts: Timeouts,
        retries: Retries,
    ) -> Self {
        Self {
            info,
            record,
            endpoint: Arc::new(endpoint),
            credentials,
            timeouts,
            retries,
            listed: Listed::default(),
            refused_pictures: RefusedPictures::default(),
        }
    }

    /// The provider in a sentence about its connection. Of the base URL only the host: the rest may be secret.
    pub(crate) fn place(&self) -> String {
        format!("provider `{}` at {}", self.info.id, self.endpoint.host())
    }
}

impl<C: Credentials> Provider for HttpProvider<C> {
    fn info(&self) -> &ProviderInfo {
        &self.info
    }

    fn auth(&self) -> AuthKind {
        if self.record.has_actor_authorization() { AuthKind::Actor } else { self.credentials.kind() }
    }

    fn respond<F: Files>(
        &self,
        request: ModelRequest,
        files: Arc<F>,
        stop: CancellationToken,
    ) -> impl Stream<Item = Result<ModelEvent, ModelError>> + Send {
        responses::respond(self, request, files, stop)
    }

    async fn make<F: Files>(
        &self,
        job: ImageJob,
        files: Arc<F>,
        previews: PreviewSink,
        stop: CancellationToken,
    ) -> Result<GeneratedImages, ImageError> {
        images::make(self, job, files, previews, stop).await
    }
}
