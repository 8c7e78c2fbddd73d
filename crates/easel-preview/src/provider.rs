//! The preview as a provider: the rule replaces the model, the renderer the image model.

#![expect(clippy::disallowed_methods, reason = "the provider port waits on a clock and draws on blocking threads")]

mod drawing_pool;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::capability::{AuthKind, Capabilities, DEFAULT_MAX_REFERENCES, Parameter};
use easel_imagegen::port::{
    Files, GeneratedImages, ImageJob, ModelError, ModelEvent, ModelRequest, Preview, PreviewSink, Provider,
    ProviderInfo, image_error,
};
use easel_protocol::model::{InputModality, Model};
use easel_protocol::record::{Billed, ImageError, ImageErrorKind};
use futures_core::Stream;
use futures_util::{StreamExt, stream};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::drawing_pool::{DrawingPool, Interruption};
use crate::job;
use crate::response::{self, HostedCall, RuleResponse};
use crate::rule::Drawer;

/// The id of the built-in provider.
pub const PROVIDER_ID: &str = "preview";
/// The id of its only model, the rule.
pub const MODEL: &str = "preview-1";
/// The id of its image model, the renderer.
pub const IMAGE_MODEL: &str = "preview";

/// Whether the preview claims to charge for images, so that clients can test billing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Billing {
    /// Calls are free.
    #[default]
    Free,
    /// Accepted calls count as billed: the costs of a call that misses its deadline are `uncertain`.
    Rehearsed,
}

/// Options of a [`PreviewProvider`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewOptions {
    /// The provider's id: [`PROVIDER_ID`], or the name of a configured provider of this kind.
    pub id: String,
    /// Time that every call waits before it draws, to simulate progress and interruption.
    pub delay: Duration,
    /// Whether calls count as billed.
    pub billing: Billing,
    /// Who draws the pictures that the rule asks for.
    pub drawer: Drawer,
}

impl Default for PreviewOptions {
    fn default() -> Self {
        Self { id: PROVIDER_ID.to_owned(), delay: Duration::ZERO, billing: Billing::Free, drawer: Drawer::Preview }
    }
}

/// The embedded provider. Its futures require a tokio runtime with time enabled.
#[derive(Debug)]
pub struct PreviewProvider {
    info: ProviderInfo,
    delay: Duration,
    drawer: Drawer,
    pool: DrawingPool,
}

impl PreviewProvider {
    /// Creates a provider.
    pub fn new(options: PreviewOptions) -> Self {
        let capabilities = Capabilities {
            image_generation: true,
            hosted_image_generation: true,
            namespace_tools: true,
            // It needs no credential, so it accepts any.
            image_auth: BTreeSet::from([AuthKind::None, AuthKind::ApiKey, AuthKind::Chatgpt, AuthKind::Actor]),
            parameters: BTreeSet::from([Parameter::Size, Parameter::Background, Parameter::N]),
            max_references: DEFAULT_MAX_REFERENCES,
            max_n: job::MAX_N,
            partial_images: true,
            bills: options.billing == Billing::Rehearsed,
        };
        let info = ProviderInfo {
            id: options.id,
            name: "Preview".to_owned(),
            base_url: None,
            models: vec![describe_model(options.drawer)],
            image_model: IMAGE_MODEL.to_owned(),
            synthetic: true,
            capabilities,
        };
        Self { info, delay: options.delay, drawer: options.drawer, pool: DrawingPool::new() }
    }

    /// Returns the events of a hosted image: its previews, its end and a sentence.
    fn draw_hosted<F: Files>(
        &self,
        call: HostedCall,
        files: Arc<F>,
        stop: CancellationToken,
    ) -> impl Stream<Item = ModelEvent> + Send {
        let (job, call) = (call.to_job(), Arc::new(call));
        let stages = job.as_ref().map_or(0, |job| job.partial_images);
        let (preview_files, preview_job, preview_call) = (Arc::clone(&files), job.clone().ok(), Arc::clone(&call));
        let preview_stop = stop.clone();
        let previews =
            stream::iter(0..stages).filter_map(move |stage| {
                let (files, job) = (Arc::clone(&preview_files), preview_job.clone());
                let (call, stop) = (Arc::clone(&preview_call), preview_stop.clone());
                async move {
                    self.draw_preview(&job?, &files, stage, &stop).await.map(|preview| call.to_preview_event(preview))
                }
            });
        let end = stream::once(async move {
            let outcome = match job {
                Ok(job) => self.draw_all(job, files, &stop).await,
                Err(error) => Err(error),
            };
            stream::iter(call.to_end_events(outcome))
        });
        previews.chain(end.flatten())
    }

    /// Draws a preview after a part of the delay. Returns `None` on failure: the end of the job reports it.
    async fn draw_preview<F: Files>(
        &self,
        job: &ImageJob,
        files: &Arc<F>,
        stage: u32,
        stop: &CancellationToken,
    ) -> Option<Preview> {
        let (pause, job, files) = (self.pause(job), job.clone(), Arc::clone(files));
        self.pool.draw(pause, stop, move || job::draw_preview(&job, &*files, stage)).await.ok()?.ok()
    }

    /// Draws the pictures of a job after the last part of the delay.
    async fn draw_all<F: Files>(
        &self,
        job: ImageJob,
        files: Arc<F>,
        stop: &CancellationToken,
    ) -> Result<GeneratedImages, ImageError> {
        match self.pool.draw(self.pause(&job), stop, move || job::draw_all(&job, &*files)).await {
            Ok(result) => result,
            Err(Interruption::Panicked) => {
                Err(image_error(ImageErrorKind::Internal, "the preview failed internally while it drew the picture"))
            }
            Err(Interruption::Stopped) => Err(ImageError {
                attempts: 1,
                billed: self.billed_without_result(),
                ..image_error(ImageErrorKind::Interrupted, "the turn was interrupted")
            }),
        }
    }

    /// Returns the delay before each picture or preview of a job.
    fn pause(&self, job: &ImageJob) -> Duration {
        self.delay / (job.partial_images + 1)
    }

    /// Returns whether a call without a result counts as billed.
    fn billed_without_result(&self) -> Billed {
        if self.info.capabilities.bills { Billed::Uncertain } else { Billed::No }
    }

    fn timeout_error(&self, deadline: Duration) -> ImageError {
        let billed = self.billed_without_result();
        let message = format!("the preview timed out after {} ms", deadline.as_millis());
        let elapsed_ms = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
        ImageError { attempts: 1, elapsed_ms, retryable: true, billed, ..image_error(ImageErrorKind::Timeout, message) }
    }
}

impl Default for PreviewProvider {
    fn default() -> Self {
        Self::new(PreviewOptions::default())
    }
}

impl Provider for PreviewProvider {
    fn info(&self) -> &ProviderInfo {
        &self.info
    }

    fn respond<F: Files>(
        &self,
        request: ModelRequest,
        files: Arc<F>,
        stop: CancellationToken,
    ) -> impl Stream<Item = Result<ModelEvent, ModelError>> + Send {
        let RuleResponse { events, hosted } =
            response::respond(&request, Uuid::now_v7().as_u128(), &self.info.capabilities, self.drawer);
        let drawn = stream::iter(hosted).flat_map(move |call| self.draw_hosted(call, Arc::clone(&files), stop.clone()));
        stream::iter(events).chain(drawn).map(Ok)
    }

    async fn make<F: Files>(
        &self,
        job: ImageJob,
        files: Arc<F>,
        previews: PreviewSink,
        stop: CancellationToken,
    ) -> Result<GeneratedImages, ImageError> {
        let (deadline, stop) = (job.deadline, stop.child_token());
        let work = async {
            for stage in 0..job.partial_images {
                if let Some(preview) = self.draw_preview(&job, &files, stage, &stop).await {
                    previews(preview);
                }
            }
            self.draw_all(job, files, &stop).await
        };
        let mut work = std::pin::pin!(work);
        if let Ok(result) = tokio::time::timeout(deadline, work.as_mut()).await {
            return result;
        }
        let timeout = self.timeout_error(deadline);
        stop.cancel();
        // A drawing that has started is completed.
        match work.await {
            Err(error) if error.kind == ImageErrorKind::Interrupted => Err(timeout),
            result => result,
        }
    }
}

fn describe_model(drawer: Drawer) -> Model {
    let description = match drawer {
        Drawer::Preview => "A rule, not a model: draws the words of each turn as a marked placeholder picture.",
        Drawer::Other => "A rule, not a model: passes the words of each turn to the image tool.",
    };
    Model {
        id: MODEL.to_owned(),
        model: MODEL.to_owned(),
        display_name: "Preview".to_owned(),
        description: description.to_owned(),
        hidden: false,
        supported_reasoning_efforts: Vec::new(),
        default_reasoning_effort: "medium".to_owned(),
        input_modalities: vec![InputModality::Text, InputModality::Image],
        is_default: true,
    }
}

#[cfg(test)]
mod tests;
