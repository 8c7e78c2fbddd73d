//! What a thread uses of the providers: one answers, and another one may make the images.

use std::error::Error;
use std::sync::Arc;

use easel_imagegen::capability::AuthKind;
use easel_imagegen::port::{
    Files, GeneratedImages, ImageJob, ModelError, ModelEvent, ModelRequest, PreviewSink, Provider, ProviderInfo,
};
use easel_preview::{Drawer, PreviewOptions, PreviewProvider};
use easel_protocol::model::Model;
use easel_protocol::record::ImageError;
use futures_core::Stream;
use futures_util::future::Either;
use tokio_util::sync::CancellationToken;

use super::any_provider::AnyProvider;

/// The providers of a thread.
#[derive(Debug)]
pub(crate) struct ThreadProvider {
    /// The provider that the thread names.
    own: Arc<AnyProvider>,
    /// The provider that makes the images: `own`, or the one that `images.provider` names.
    images: Arc<AnyProvider>,
    /// Answers in place of `own` if that has no chat model, or is the preview and does not draw itself: the rule of the
    /// preview provider, which turns the text of a turn into calls of the image tool.
    planner: Option<PreviewProvider>,
}

impl ThreadProvider {
    /// Combines two providers, which may be the same one. `id` is the name of `own`.
    pub(super) fn new(id: &str, own: Arc<AnyProvider>, images: Arc<AnyProvider>) -> Self {
        let is_preview = |provider: &AnyProvider| matches!(provider, AnyProvider::Preview(_));
        let drawer = if is_preview(&images) { Drawer::Preview } else { Drawer::Other };
        let planner =
            || PreviewProvider::new(PreviewOptions { id: id.to_owned(), drawer, ..PreviewOptions::default() });
        let needs_planner = !own.has_chat_model() || is_preview(&own) && drawer == Drawer::Other;
        let planner = needs_planner.then(planner);
        Self { own, images, planner }
    }

    /// Returns whether it combines these providers.
    pub(super) fn consists_of(&self, own: &Arc<AnyProvider>, images: &Arc<AnyProvider>) -> bool {
        Arc::ptr_eq(&self.own, own) && Arc::ptr_eq(&self.images, images)
    }

    /// Returns the provider that the thread names, and the one that makes its images if it is another one.
    pub(crate) fn members(&self) -> Vec<&AnyProvider> {
        let images = (!Arc::ptr_eq(&self.own, &self.images)).then_some(&*self.images);
        std::iter::once(&*self.own).chain(images).collect()
    }

    /// Checks that requests to the providers have a credential, if they need one.
    ///
    /// # Errors
    /// If a provider cannot be used, or if its credential is missing or cannot be read.
    pub(crate) async fn check_credential(&self) -> Result<(), Box<dyn Error>> {
        for member in self.members() {
            member.check_credential().await?;
        }
        Ok(())
    }

    /// Returns the models that a client can choose.
    pub(crate) async fn models(&self) -> Vec<Model> {
        match &self.planner {
            Some(planner) => planner.info().models.clone(),
            None => self.own.models().await,
        }
    }

    /// Returns why turns with these providers fail, if they do.
    pub(crate) fn unavailable_reason(&self) -> Option<&str> {
        self.own.unavailable_reason().or_else(|| self.images.unavailable_reason())
    }
}

impl Provider for ThreadProvider {
    fn info(&self) -> &ProviderInfo {
        self.planner.as_ref().map_or_else(|| self.own.info(), Provider::info)
    }

    fn separate_images(&self) -> Option<&ProviderInfo> {
        let is_separate = self.planner.is_some() || !Arc::ptr_eq(&self.own, &self.images);
        is_separate.then(|| self.images.info())
    }

    fn auth(&self) -> AuthKind {
        self.images.auth()
    }

    fn respond<F: Files>(
        &self,
        request: ModelRequest,
        files: Arc<F>,
        stop: CancellationToken,
    ) -> impl Stream<Item = Result<ModelEvent, ModelError>> + Send {
        match &self.planner {
            // A provider that cannot make images ends the turn with the reason, like one that cannot answer.
            _ if self.images.unavailable_reason().is_some() => Either::Left(self.images.respond(request, files, stop)),
            Some(planner) => Either::Right(planner.respond(request, files, stop)),
            None => Either::Left(self.own.respond(request, files, stop)),
        }
    }

    async fn make<F: Files>(
        &self,
        job: ImageJob,
        files: Arc<F>,
        previews: PreviewSink,
        stop: CancellationToken,
    ) -> Result<GeneratedImages, ImageError> {
        self.images.make(job, files, previews, stop).await
    }
}
