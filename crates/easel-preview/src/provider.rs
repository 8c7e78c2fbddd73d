//! The preview as a provider: the rule answers for the model, the renderer for the image model.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::answer::{self, Answer, HostedCall};
use crate::making;
use crate::palette::Dice;

/// The built-in provider's id.
pub const PROVIDER_ID: &str = "preview";
/// The only model, a rule.
pub const MODEL: &str = "preview-1";
/// What makes the images, a renderer.
pub const IMAGE_MODEL: &str = "preview";

/// Whether the preview counts as a provider that charges, so that a client can rehearse what that changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Billing {
    #[default]
    Free,
    /// Accepted calls count as billed: one that runs into its deadline is `uncertain`.
    Rehearsed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewOptions {
    /// The provider's id: [`PROVIDER_ID`], or the name of a configured provider of this kind.
    pub id: String,
    /// How long every call takes before its pictures are drawn, to rehearse progress and interruption.
    pub delay: Duration,
    pub billing: Billing,
}

impl Default for PreviewOptions {
    fn default() -> Self {
        Self { id: PROVIDER_ID.to_owned(), delay: Duration::ZERO, billing: Billing::Free }
    }
}

/// The embedded provider. It needs a tokio runtime, with time enabled, around its futures.
#[derive(Debug)]
pub struct PreviewProvider {
    info: ProviderInfo,
    delay: Duration,
    /// Answers given: the same conversation asked twice gets two sets of ids.
    answers: AtomicU64,
    /// Pictures drawn side by side: each takes a core and some tens of megabytes.
    easels: Arc<Semaphore>,
}

/// Why there is no picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NotDrawn {
    Stopped,
    Panicked,
}

impl PreviewProvider {
    pub fn new(options: PreviewOptions) -> Self {
        let capabilities = Capabilities {
            image_generation: true,
            hosted_image_generation: true,
            namespace_tools: true,
            // Nothing is authorised, so any credential that happens to be there is as good as none.
            image_auth: BTreeSet::from([AuthKind::None, AuthKind::ApiKey, AuthKind::Chatgpt, AuthKind::Actor]),
            parameters: BTreeSet::from([Parameter::Size, Parameter::Background, Parameter::N]),
            max_references: DEFAULT_MAX_REFERENCES,
            max_n: making::MAX_N,
            partial_images: true,
            bills: options.billing == Billing::Rehearsed,
        };
        let info = ProviderInfo {
            id: options.id,
            name: "Preview".to_owned(),
            base_url: None,
            models: vec![model()],
            image_model: IMAGE_MODEL.to_owned(),
            synthetic: true,
            capabilities,
        };
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self { info, delay: options.delay, answers: AtomicU64::new(0), easels: Arc::new(Semaphore::new(cores)) }
    }

    /// A number for the ids of one answer: from the conversation, so that it differs between turns and after a restart,
    /// and from the count, so that it differs when a turn is asked again.
    fn seed(&self, request: &ModelRequest) -> u64 {
        let count = self.answers.fetch_add(1, Ordering::Relaxed);
        Dice::of(&format!("{:?}", request.input), count).bits()
    }

    /// The events of a hosted image: what it looks like so far, its end and what is said of it.
    fn hosted<F: Files>(
        &self,
        call: HostedCall,
        files: Arc<F>,
        stop: CancellationToken,
    ) -> impl Stream<Item = ModelEvent> + Send {
        let (job, call) = (call.job(), Arc::new(call));
        let stages = job.as_ref().map_or(0, |job| job.partial_images);
        let (showing, shown, of) = (Arc::clone(&files), job.clone().ok(), Arc::clone(&call));
        let stopped = stop.clone();
        let previews = stream::iter(0..stages).filter_map(move |stage| {
            let (files, job, call, stop) = (Arc::clone(&showing), shown.clone(), Arc::clone(&of), stopped.clone());
            async move { self.preview(&job?, &files, stage, &stop).await.map(|preview| call.preview(preview)) }
        });
        let end = stream::once(async move {
            let outcome = match job {
                Ok(job) => self.whole(job, files, &stop).await,
                Err(error) => Err(error),
            };
            stream::iter(call.end(outcome))
        });
        previews.chain(end.flatten())
    }

    /// What the picture looks like after a part of its time; nothing when that cannot be drawn, which its end says.
    async fn preview<F: Files>(
        &self,
        job: &ImageJob,
        files: &Arc<F>,
        stage: u32,
        stop: &CancellationToken,
    ) -> Option<Preview> {
        let (pause, job, files) = (self.pause(job), job.clone(), Arc::clone(files));
        self.draw(pause, stop, move || making::preview(&job, &*files, stage)).await.ok()?.ok()
    }

    /// The pictures, after the last part of their time.
    async fn whole<F: Files>(
        &self,
        job: ImageJob,
        files: Arc<F>,
        stop: &CancellationToken,
    ) -> Result<GeneratedImages, ImageError> {
        match self.draw(self.pause(&job), stop, move || making::make(&job, &*files)).await {
            Ok(made) => made,
            Err(NotDrawn::Panicked) => Err(image_error(ImageErrorKind::Internal, "the preview failed while drawing")),
            Err(NotDrawn::Stopped) => Err(ImageError {
                attempts: 1,
                billed: self.billed(),
                ..image_error(ImageErrorKind::Interrupted, "the turn was interrupted")
            }),
        }
    }

    /// Before each of the pictures that a job shows.
    fn pause(&self, job: &ImageJob) -> Duration {
        self.delay / (job.partial_images + 1)
    }

    /// Draws at an easel. What stops it before it has begun does not stop it afterwards.
    async fn draw<T: Send + 'static>(
        &self,
        pause: Duration,
        stop: &CancellationToken,
        draw: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotDrawn> {
        let easel = stop.run_until_cancelled(async {
            tokio::time::sleep(pause).await;
            Arc::clone(&self.easels).acquire_owned().await
        });
        let easel = easel.await.ok_or(NotDrawn::Stopped)?;
        let drawing = tokio::task::spawn_blocking(move || {
            // Held to the end of the drawing, which goes on when nobody waits for it any more.
            let _easel = easel;
            draw()
        });
        drawing.await.map_err(|_| NotDrawn::Panicked)
    }

    /// What a call costs that was begun and brought nothing.
    fn billed(&self) -> Billed {
        if self.info.capabilities.bills { Billed::Uncertain } else { Billed::No }
    }

    fn timed_out(&self, deadline: Duration) -> ImageError {
        let billed = self.billed();
        let message = format!("the preview did not draw within {} ms", deadline.as_millis());
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
        let Answer { events, hosted } = answer::answer(&request, self.seed(&request), &self.info.capabilities);
        let drawn = stream::iter(hosted).flat_map(move |call| self.hosted(call, Arc::clone(&files), stop.clone()));
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
                if let Some(preview) = self.preview(&job, &files, stage, &stop).await {
                    previews(preview);
                }
            }
            self.whole(job, files, &stop).await
        };
        let mut work = std::pin::pin!(work);
        let late = tokio::select! {
            biased;
            made = &mut work => return made,
            () = tokio::time::sleep(deadline) => self.timed_out(deadline),
        };
        stop.cancel();
        // A picture that is being drawn is drawn to its end.
        match work.await {
            Err(error) if error.kind == ImageErrorKind::Interrupted => Err(late),
            made => made,
        }
    }
}

fn model() -> Model {
    Model {
        id: MODEL.to_owned(),
        model: MODEL.to_owned(),
        display_name: "Preview".to_owned(),
        description: "A rule, not a model: draws the words of each turn as a marked placeholder picture.".to_owned(),
        hidden: false,
        supported_reasoning_efforts: Vec::new(),
        default_reasoning_effort: "medium".to_owned(),
        input_modalities: vec![InputModality::Text, InputModality::Image],
        is_default: true,
    }
}

#[cfg(test)]
mod tests;
