//! The run of an image call of the standalone tool. Every call reports its end exactly once, even if it panics.

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::approval::ApprovalPolicy;
use easel_imagegen::hooks::Hooks;
use easel_imagegen::phase;
use easel_imagegen::plan::PlannedCall;
use easel_imagegen::port::{Approver, EditSource, HookRunner, Preview, Provider, Store, image_error};
use easel_protocol::id::{ItemId, ThreadId, TurnId};
use easel_protocol::record::{Billed, ImageError, ImageErrorKind};
use futures_util::FutureExt;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span, field};

use super::approval::ApprovalDemand;
use super::generate::Generated;
use crate::config::TurnGate;
use crate::machine::CallOutput;
use crate::slot::Caller;
use crate::turn::questions::ApprovalNotice;

const INTERRUPTED: &str = "the turn was interrupted";
const CALL_CANCELLED: &str = "the call was cancelled";

/// What all calls of a turn share.
#[derive(Debug)]
pub(in crate::turn) struct CallContext<S: Store, P> {
    pub(in crate::turn) store: S,
    pub(in crate::turn) provider: Arc<P>,
    pub(in crate::turn) thread_id: ThreadId,
    pub(in crate::turn) turn_id: TurnId,
    /// Name of the client that started the turn; empty if unknown.
    pub(in crate::turn) originator: String,
    /// Folders from which the model may read files.
    pub(in crate::turn) roots: Vec<PathBuf>,
    /// Limits the number of calls that run in parallel.
    pub(in crate::turn) permits: Semaphore,
    /// Time limit for one call.
    pub(in crate::turn) deadline: Duration,
    /// Whether a request that may have been billed is sent again.
    pub(in crate::turn) retry_uncertain: bool,
    /// Number of previews of each image.
    pub(in crate::turn) partial_images: u32,
    /// Whether the pixels outside the mask of an edit are put back if its call says nothing else.
    pub(in crate::turn) keep_unmasked: bool,
    /// Receives the previews, with the call's item.
    pub(in crate::turn) previews: mpsc::Sender<(ItemId, Preview)>,
    pub(in crate::turn) cancel: CancellationToken,
    pub(in crate::turn) gate: TurnGate,
    /// The working folder of the thread.
    pub(in crate::turn) cwd: String,
    /// The model that calls the tool.
    pub(in crate::turn) model: String,
    /// The hooks with which the turn started.
    pub(in crate::turn) hooks: Hooks,
    pub(in crate::turn) hook_runner: Arc<dyn HookRunner>,
    /// The calls that need an approval, by the configuration at the start of the turn.
    pub(in crate::turn) approval: ApprovalPolicy,
    pub(in crate::turn) approval_timeout: Duration,
    pub(in crate::turn) approver: Arc<dyn Approver>,
    /// Tells the turn runner which calls wait for an approval.
    pub(in crate::turn) approval_notices: mpsc::Sender<ApprovalNotice>,
}

/// The end of a call.
#[derive(Debug, Clone)]
pub(in crate::turn) struct CallReport {
    pub(in crate::turn) item_id: ItemId,
    pub(in crate::turn) outcome: Result<CallOutput, Box<ImageError>>,
}

impl<S: Store, P: Provider> CallContext<S, P> {
    /// Returns the caller of the calls of the turn's model: the client that started the turn.
    pub(super) fn model_caller(&self) -> Caller {
        let (originator, approver) = (self.originator.clone(), Arc::clone(&self.approver));
        Caller { originator, approver, cancel: CancellationToken::new() }
    }

    /// Runs a call of the standalone tool.
    pub(in crate::turn) async fn run(
        self: Arc<Self>,
        item_id: ItemId,
        call: PlannedCall,
        caller: Caller,
    ) -> CallReport {
        let running = AssertUnwindSafe(self.run_until_cancelled(&item_id, call, &caller)).catch_unwind();
        let outcome = match running.await {
            Ok(outcome) => outcome,
            // The panic hook has logged why.
            Err(_) => {
                let message = "Easel failed internally during the image call";
                Err(Box::new(self.error_after_sending(ImageErrorKind::Internal, message)))
            }
        };
        if let Err(error) = &outcome {
            Span::current().record("error", field::debug(error.kind));
        }
        CallReport { item_id, outcome }
    }

    async fn run_until_cancelled(
        &self,
        item_id: &ItemId,
        call: PlannedCall,
        caller: &Caller,
    ) -> Result<CallOutput, Box<ImageError>> {
        let stop = self.cancel.child_token();
        let mut running = pin!(self.run_to_end(item_id, call, caller, &stop));
        tokio::select! {
            biased;
            outcome = &mut running => outcome,
            () = caller.cancel.cancelled() => {
                stop.cancel();
                // It owns the images that have arrived, so it is never dropped.
                running.await
            }
        }
    }

    async fn run_to_end(
        &self,
        item_id: &ItemId,
        call: PlannedCall,
        caller: &Caller,
        stop: &CancellationToken,
    ) -> Result<CallOutput, Box<ImageError>> {
        let begun = Instant::now();
        let preserve = call.preserve.unwrap_or(self.keep_unmasked);
        let preparing = async {
            let queue_span = tracing::debug_span!(target: phase::TARGET, "queue");
            let permit = self.permits.acquire().instrument(queue_span).await.ok();
            let plan_span = tracing::debug_span!(target: phase::TARGET, "plan");
            let job = self.prepare_job(item_id, call, &caller.originator).instrument(plan_span).await?;
            let guards = self.gate.guards(&self.hooks, self.approval);
            let hook = self.run_pre_hooks(&job, &guards.pre_hooks).await?;
            Ok((job, permit, guards, hook))
        };
        let (job, permit, guards, hook) = self.unless_cancelled(stop, preparing).await?;
        let demand = ApprovalDemand { policy: guards.approval, hook };
        let (reserved, _permit) = self.admit(&job, demand, permit, &*caller.approver, stop).await?;
        let started = Instant::now();
        let (hook_data, edit) = (self.keep_for_hooks(&job), EditSource::of_job(&job, preserve));
        let Generated { result, last_attempt } = self.generate(job, reserved, guards, stop).await;
        // From here on a cancellation ends only waiting: images that were made are kept.
        let generate_time = started.elapsed();
        let generated = self.examine(item_id, edit, result, stop).await;
        let outcome = self.settle(item_id, generated, last_attempt, generate_time).await;
        let to_ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(
            // Waiting for a permit, reading references, hooks, approval and reservation.
            prepare_ms = to_ms(started.duration_since(begun)),
            generate_ms = to_ms(generate_time),
            record_ms = to_ms(started.elapsed().saturating_sub(generate_time)),
            "an image call ran"
        );
        let was_sent = outcome.as_ref().map_or_else(|error| error.attempts > 0, |_| true);
        if let Some(data) = hook_data.filter(|_| was_sent) {
            self.run_post_hooks(item_id, &data, &outcome, stop).await;
        }
        outcome
    }

    /// Waits for work that costs nothing, unless its call is cancelled.
    pub(super) async fn unless_cancelled<T>(
        &self,
        stop: &CancellationToken,
        work: impl Future<Output = Result<T, Box<ImageError>>>,
    ) -> Result<T, Box<ImageError>> {
        tokio::select! {
            biased;
            () = stop.cancelled() => Err(Box::new(self.interrupted_error())),
            result = work => result,
        }
    }

    /// Returns the error of a call that was cancelled before anything was sent.
    pub(super) fn interrupted_error(&self) -> ImageError {
        let message = if self.cancel.is_cancelled() { INTERRUPTED } else { CALL_CANCELLED };
        image_error(ImageErrorKind::Interrupted, message)
    }

    /// Creates the error of a request that was sent, so that it is unknown whether it is billed.
    pub(in crate::turn) fn error_after_sending(&self, kind: ImageErrorKind, message: impl Into<String>) -> ImageError {
        ImageError { billed: self.billing(Billed::Uncertain), attempts: 1, ..image_error(kind, message) }
    }

    /// Returns `billed`, or `No` if the provider does not bill.
    pub(in crate::turn) fn billing(&self, billed: Billed) -> Billed {
        if self.provider.image_info().capabilities.bills { billed } else { Billed::No }
    }
}
