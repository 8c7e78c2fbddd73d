//! The attempts of a call at the provider.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::port::{Admission, GeneratedImages, ImageJob, PreviewSink, Provider, Store};
use easel_imagegen::spending::Quote;
use easel_protocol::record::{Billed, ImageError, ImageErrorKind};
use futures_util::FutureExt;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::CallContext;
use crate::config::{Guards, Reserved};
use crate::turn::spans;

/// Time after the deadline at which a call is stopped from outside. A provider that observes the deadline itself knows
/// better what it has sent, so it goes first.
const DEADLINE_GRACE: Duration = Duration::from_secs(1);

/// How often a call is sent again that may have been billed, for users who would rather pay twice than lose an image.
const MAX_REPEATS: u32 = 2;

/// The pause before the first of them. It doubles with the second.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The end of the last attempt of a call.
pub(super) struct Generated {
    /// The images of the call, or its error, which says what the provider billed for all attempts.
    pub(super) result: Result<GeneratedImages, ImageError>,
    /// What the provider billed for the last attempt; `None` if images arrived.
    pub(super) last_attempt: Option<Billed>,
}

impl<S: Store, P: Provider> CallContext<S, P> {
    /// Runs a reserved job at the provider. If the user allows it, sends the job again after an attempt that may have
    /// been billed. Each attempt has its row in the ledger before it is sent, so the limits of spending apply to it.
    pub(super) async fn generate(
        &self,
        mut job: ImageJob,
        mut reserved: Reserved,
        guards: Guards,
        stop: &CancellationToken,
    ) -> Generated {
        let ends = Instant::now() + job.deadline;
        let (mut repeats, mut attempts, mut may_be_billed) = (0, 0, false);
        loop {
            let quote = reserved.quote.clone();
            job.gate = self.gate.for_call(reserved, guards.clone(), repeats > 0);
            let time_left = ends.saturating_duration_since(Instant::now());
            let error = match self.generate_once(job.clone(), time_left, stop).await {
                Ok(images) => {
                    let result = Ok(GeneratedImages { attempts: attempts + images.attempts, ..images });
                    return Generated { result, last_attempt: None };
                }
                Err(error) => error,
            };
            attempts += error.attempts;
            let last_attempt = error.billed;
            may_be_billed |= last_attempt == Billed::Uncertain;
            let billed = if may_be_billed && last_attempt == Billed::No { Billed::Uncertain } else { last_attempt };
            let pause = FIRST_PAUSE * 2_u32.pow(repeats);
            let may_repeat = repeats < MAX_REPEATS && Instant::now() + pause < ends && self.may_repeat(&error);
            let lost_request_id = error.request_id.clone();
            let repeat =
                if may_repeat { self.reserve_repeat(&job, quote, lost_request_id, pause, stop).await } else { None };
            let Some(next) = repeat else {
                let result = Err(ImageError { attempts, billed, ..error });
                return Generated { result, last_attempt: Some(last_attempt) };
            };
            tracing::info!(item_id = %job.item_id, ?pause, "an image call that may have been billed is sent again");
            reserved = next;
            repeats += 1;
        }
    }

    /// Returns whether the user allows another attempt after this error. A provider that bills nothing may get it after
    /// every error that may not occur again.
    fn may_repeat(&self, error: &ImageError) -> bool {
        let is_uncertain = error.billed == Billed::Uncertain || !self.provider.image_info().capabilities.bills;
        error.retryable && is_uncertain && self.retry_uncertain
    }

    /// Waits, and reserves what another attempt may cost. Returns `None` if there must not be one; the log says why.
    async fn reserve_repeat(
        &self,
        job: &ImageJob,
        quote: Quote,
        lost_request_id: Option<String>,
        pause: Duration,
        stop: &CancellationToken,
    ) -> Option<Reserved> {
        stop.run_until_cancelled(tokio::time::sleep(pause)).await?;
        if !self.gate.may_repeat() {
            return None;
        }
        let inputs = (job.references.as_slice(), job.mask.as_ref());
        self.reserve(&job.item_id, &job.requested, inputs, quote, Admission::Repeated { lost_request_id }).await.ok()
    }

    /// Runs the job at the provider once. After `time_left` and on an interrupt, returns the images that have arrived.
    async fn generate_once(
        &self,
        job: ImageJob,
        time_left: Duration,
        stop: &CancellationToken,
    ) -> Result<GeneratedImages, ImageError> {
        if stop.is_cancelled() {
            return Err(self.interrupted_error());
        }
        // A provider that sends requests acquires a permit for each attempt, once it has a connection.
        drop(job.gate.acquire()?);
        let span = spans::image_request(self.provider.image_info());
        let files = self.store.call_files(&self.thread_id, &job.item_id);
        let (sender, id) = (self.previews.clone(), job.item_id.clone());
        // A preview for which the queue has no room is dropped, and its file is deleted.
        let previews: PreviewSink = Arc::new(move |preview| drop(sender.try_send((id.clone(), preview))));
        let stop = stop.child_token();
        let mut generating =
            pin!(AssertUnwindSafe(self.provider.make(job, files, previews, stop.clone())).catch_unwind());
        let mut is_late = false;
        let generated = tokio::select! {
            biased;
            generated = &mut generating => generated,
            () = tokio::time::sleep(time_left + DEADLINE_GRACE) => {
                is_late = true;
                stop.cancel();
                // The future owns the images that have arrived, so it is stopped by its token and never dropped.
                generating.await
            }
        };
        let generated = match generated {
            Ok(Err(error)) if is_late && error.kind == ImageErrorKind::Interrupted => {
                let message = format!("timed out after {:?} (images.timeout_ms)", self.deadline);
                let ImageError { attempts, request_id, http_status, .. } = error;
                let late = self.error_after_sending(ImageErrorKind::Timeout, message);
                Err(ImageError { attempts, request_id, http_status, ..late })
            }
            Ok(generated) => generated,
            // The panic hook has logged why.
            Err(_) => Err(self.error_after_sending(ImageErrorKind::Internal, "the provider failed inside Easel")),
        };
        spans::record_job(&span, &generated);
        generated
    }
}
