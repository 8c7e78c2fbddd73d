//! One image call from its journal row to its records. It reports its end exactly once, whatever happens inside.

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use easel_imagegen::idempotency;
use easel_imagegen::output::LOG_PREVIEW;
use easel_imagegen::plan::PlannedCall;
use easel_imagegen::port::{
    CallEnd, CallStart, GeneratedImages, ImageJob, ImageSource, Preview, PreviewSink, Provenance, Provider, Reference,
    StorageError, Store, image_error,
};
use easel_imagegen::references::ImageRef;
use easel_protocol::id::{ItemId, ThreadId, TurnId};
use easel_protocol::record::{Billed, ImageError, ImageErrorKind, ImageRecord, RequestedImage};
use futures_util::FutureExt;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::machine::Outcome;
use crate::send_gate::TurnGate;

const INTERRUPTED: &str = "the turn was interrupted";

/// How much later than its deadline a call is stopped from outside: a provider that keeps the deadline itself knows
/// better what was sent.
const GRACE: Duration = Duration::from_secs(1);

/// What every call of a turn shares.
#[derive(Debug)]
pub(crate) struct CallContext<S: Store, P> {
    pub(crate) store: S,
    pub(crate) provider: Arc<P>,
    pub(crate) thread_id: ThreadId,
    pub(crate) turn_id: TurnId,
    /// Name of the client that started the turn.
    pub(crate) originator: String,
    /// Below these a file that the model names may be read.
    pub(crate) roots: Vec<PathBuf>,
    /// Calls that run side by side.
    pub(crate) places: Semaphore,
    pub(crate) deadline: Duration,
    /// How often an image is shown while it is made.
    pub(crate) partial_images: u32,
    /// What the calls show, by item.
    pub(crate) previews: mpsc::Sender<(ItemId, Preview)>,
    pub(crate) cancel: CancellationToken,
    pub(crate) gate: TurnGate,
}

/// The end of a call.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    pub(crate) item_id: ItemId,
    pub(crate) outcome: Result<Outcome, Box<ImageError>>,
}

impl<S: Store, P: Provider> CallContext<S, P> {
    /// Runs a call of the standalone tool.
    pub(crate) async fn run(self: Arc<Self>, draft: PlannedCall) -> Report {
        let item_id = draft.call_id.clone();
        let outcome = match AssertUnwindSafe(self.run_to_end(draft)).catch_unwind().await {
            Ok(outcome) => outcome,
            Err(_) => Err(Box::new(self.after_sending(ImageErrorKind::Internal, "the image call panicked"))),
        };
        Report { item_id: item_id.into(), outcome }
    }

    async fn run_to_end(&self, draft: PlannedCall) -> Result<Outcome, Box<ImageError>> {
        let prepared = async {
            let place = self.places.acquire().await;
            let job = self.take_in(draft).await?;
            Ok::<_, Box<ImageError>>((job, place))
        };
        let (job, _place) = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return Err(Box::new(image_error(ImageErrorKind::Interrupted, INTERRUPTED))),
            prepared = prepared => prepared?,
        };
        self.reserve(&job.call_id, &job.requested, &job.references).await?;
        let call_id = job.call_id.clone();
        let started = Instant::now();
        let made = self.make(job).await;
        // From here on nothing is cancelled: what was made is kept.
        self.settle(&call_id, made, started.elapsed()).await
    }

    /// Asks the provider, which stops at the deadline and when the turn is interrupted, and gives what has arrived by then.
    async fn make(&self, job: ImageJob) -> Result<GeneratedImages, ImageError> {
        if self.cancel.is_cancelled() {
            return Err(image_error(ImageErrorKind::Interrupted, INTERRUPTED));
        }
        // A provider that sends a request asks once more for each attempt, when the connection takes it.
        drop(job.gate.pass()?);
        let files = self.store.call_files(&self.thread_id, &job.call_id);
        let (previews, item_id) = (self.previews.clone(), ItemId::from(job.call_id.as_str()));
        // Without room for it a preview is dropped, and its file with it.
        let show: PreviewSink = Arc::new(move |preview| drop(previews.try_send((item_id.clone(), preview))));
        let stop = self.cancel.child_token();
        let making = self.provider.make(job, files, show, stop.clone());
        let mut making = pin!(AssertUnwindSafe(making).catch_unwind());
        let mut late = false;
        let made = tokio::select! {
            biased;
            made = &mut making => made,
            () = tokio::time::sleep(self.deadline + GRACE) => {
                late = true;
                stop.cancel();
                // It owns the images that have arrived: it is asked to end, and never dropped.
                making.await
            }
        };
        match made {
            Ok(Err(error)) if late && error.kind == ImageErrorKind::Interrupted => {
                let message = format!("the provider gave no image within {:?}", self.deadline);
                Err(self.after_sending(ImageErrorKind::Timeout, message))
            }
            Ok(made) => made,
            Err(_) => Err(self.after_sending(ImageErrorKind::Internal, "the provider failed inside Easel")),
        }
    }

    /// Takes the files that the model named into the store.
    async fn take_in(&self, draft: PlannedCall) -> Result<ImageJob, Box<ImageError>> {
        let mut references = Vec::with_capacity(draft.references.len());
        for chosen in &draft.references {
            references.push(self.reference(chosen).await?);
        }
        let mask = match &draft.mask {
            Some(chosen) => Some(self.reference(chosen).await?),
            None => None,
        };
        Ok(ImageJob {
            idempotency_key: idempotency::key(&self.thread_id, &draft.call_id),
            originator: self.originator.clone(),
            call_id: draft.call_id,
            // A stream of several images does not say which of them it shows.
            partial_images: if draft.requested.parameters.n.unwrap_or(1) == 1 { self.partial_images } else { 0 },
            gate: self.gate.of_call(draft.requested.parameters.n.unwrap_or(1)),
            requested: draft.requested,
            references,
            mask,
            deadline: self.deadline,
        })
    }

    async fn reference(&self, chosen: &ImageRef) -> Result<Reference, Box<ImageError>> {
        match chosen {
            ImageRef::Handle(reference) => Ok(reference.clone()),
            ImageRef::Path(path) => {
                let source = ImageSource::ModelPath { path: path.clone(), roots: self.roots.clone() };
                let taken = self.store.import_image(&self.thread_id, source).await;
                let image = taken.map_err(|refused| Box::new(image_error(refused.kind(), refused.client_message())))?;
                Ok(Reference {
                    id: Some(image.id),
                    path: image.path.into(),
                    facts: image.facts,
                    provenance: Provenance::User,
                })
            }
        }
    }

    pub(crate) async fn reserve(
        &self,
        call_id: &str,
        requested: &RequestedImage,
        inputs: &[Reference],
    ) -> Result<(), Box<ImageError>> {
        let info = self.provider.info();
        let start = CallStart {
            thread_id: self.thread_id.clone(),
            turn_id: self.turn_id.clone(),
            call_id: call_id.to_owned(),
            provider: info.id.clone(),
            model: info.image_model.clone(),
            synthetic: info.synthetic,
            bills: info.capabilities.bills,
            requested: requested.clone(),
            inputs: inputs.to_vec(),
            started_at_ms: now_ms(),
        };
        let reserved = self.store.reserve(start).await;
        reserved
            .inspect_err(log_storage_error)
            .map_err(|error| Box::new(image_error(ImageErrorKind::Storage, error.client_message())))
    }

    /// Gives the images their place in the thread, or notes the failure.
    pub(crate) async fn settle(
        &self,
        call_id: &str,
        made: Result<GeneratedImages, ImageError>,
        elapsed: Duration,
    ) -> Result<Outcome, Box<ImageError>> {
        let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        let error = match made {
            Ok(made) if !made.images.is_empty() => {
                let generation_id = made.generation_id.clone();
                let attempts = made.attempts;
                let missing = made.missing.clone();
                let settled =
                    self.store.settle(&self.thread_id, call_id, CallEnd::Generated { made, elapsed_ms }).await;
                return settled
                    .inspect(|records| log_output(call_id, records))
                    .inspect_err(log_storage_error)
                    .map(|records| Outcome { records, generation_id, missing })
                    .map_err(|error| {
                        let billed = self.billed_as(Billed::Yes);
                        let error = image_error(ImageErrorKind::Storage, error.client_message());
                        Box::new(ImageError { attempts, elapsed_ms, billed, ..error })
                    });
            }
            Ok(made) => ImageError {
                attempts: made.attempts,
                request_id: made.request_id,
                ..self.after_sending(ImageErrorKind::BadResponse, "the provider answered without an image")
            },
            Err(error) => error,
        };
        let error = ImageError { elapsed_ms, ..error };
        let noted = self.store.settle(&self.thread_id, call_id, CallEnd::Failed(error.clone())).await;
        if let Err(storage) = noted {
            // The next start closes the row; the client learns the failure that matters to it.
            tracing::warn!(call_id, error = %storage, "the end of a failed call was not journalled");
        }
        Err(Box::new(error))
    }

    /// An error of a request that has left, so that nobody knows whether it is billed.
    pub(crate) fn after_sending(&self, kind: ImageErrorKind, message: impl Into<String>) -> ImageError {
        ImageError { billed: self.billed_as(Billed::Uncertain), attempts: 1, ..image_error(kind, message) }
    }

    fn billed_as(&self, billed: Billed) -> Billed {
        if self.provider.info().capabilities.bills { billed } else { Billed::No }
    }
}

/// Logs a failure of the store with its causes, which the client does not see.
fn log_storage_error(error: &StorageError) {
    tracing::error!(error = error as &dyn std::error::Error, kind = ?error.kind(), "an image call was not stored");
}

/// What the model gets back, by its handles and sizes: a log holds no image.
fn log_output(call_id: &str, records: &[ImageRecord]) {
    for ImageRecord { id, facts, .. } in records {
        tracing::debug!(
            call_id,
            handle = &**id,
            bytes = facts.bytes,
            output = LOG_PREVIEW,
            "the image tool has an output"
        );
    }
}

/// Unix milliseconds.
pub fn now_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
