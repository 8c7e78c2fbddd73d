//! Calls of the provider's hosted tool. The provider makes their images inside a model response; Easel journals and
//! stores them like those of the standalone tool.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use easel_imagegen::phase;
use easel_imagegen::port::{
    Admission, EditSource, GeneratedImages, ModelError, Provider, Reference, RequestStart, ReserveError, StorageError,
    Store,
};
use easel_imagegen::spending::LimitError;
use easel_protocol::id::{CallId, ItemId};
use easel_protocol::record::{Billed, ImageError, ImageErrorKind, RequestedImage};
use easel_protocol::tool::ToolExposure;
use easel_protocol::turn::CodexErrorInfo;
use futures_util::FutureExt;
use tokio::time::Instant;
use tracing::Instrument;

use super::hooks::HookData;
use super::{CallContext, CallReport};
use crate::clock::now_ms;
use crate::config::Reserved;
use crate::event_sink::EventSink;
use crate::machine::{Effect, Input, Turn};
use crate::turn::{TurnRunner, store_panicked};

/// The hosted calls that have not ended, by the provider's id.
pub(in crate::turn) type HostedCalls = HashMap<CallId, HostedCall>;

#[derive(Debug)]
pub(in crate::turn) struct HostedCall {
    pub(in crate::turn) item_id: ItemId,
    started: Instant,
    /// The journal row that could not be written when the call started. It is written again with the image.
    unreserved: Option<(RequestedImage, Vec<Reference>)>,
    hook_data: Option<HookData>,
    edit: Option<EditSource>,
}

impl HostedCall {
    pub(in crate::turn) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// What the provider has made of a hosted call, and what is left to do.
pub(super) struct HostedEnd {
    pub(super) item_id: ItemId,
    generated: Result<GeneratedImages, ImageError>,
    elapsed: Duration,
    hook_data: Option<HookData>,
    edit: Option<EditSource>,
}

impl HostedEnd {
    /// Returns whether more than the disk is needed.
    fn is_long(&self) -> bool {
        self.hook_data.is_some() || (self.edit.is_some() && self.generated.is_ok())
    }
}

impl<S: Store, P: Provider> CallContext<S, P> {
    /// Journals a request that offers the hosted tool of a provider that bills, and reserves one image. Returns `None`
    /// for other requests.
    ///
    /// # Errors
    /// A limit of spending refuses the image, or the row could not be written. The request must not be sent: after a
    /// crash nothing would say what it may have cost.
    pub(in crate::turn) async fn journal_model_request(
        &self,
        offered: ToolExposure,
    ) -> Result<Option<Reserved>, ReserveError> {
        let info = self.provider.info();
        if !info.capabilities.bills || offered != ToolExposure::Hosted {
            return Ok(None);
        }
        let quote = self.gate.quote(|policy| policy.quote_hosted(&info.image_model));
        let request = RequestStart {
            thread_id: self.thread_id.clone(),
            turn_id: self.turn_id.clone(),
            provider: info.id.clone(),
            synthetic: info.synthetic,
            quote: quote.clone(),
            limits: self.gate.limits(),
            started_at_ms: now_ms(),
        };
        let span = tracing::debug_span!(target: phase::TARGET, "journal");
        let reserving = AssertUnwindSafe(self.store.reserve_request(request)).catch_unwind().instrument(span);
        let budget = reserving.await.unwrap_or_else(|_| Err(store_panicked().into()))?;
        Ok(Some(Reserved { quote, budget }))
    }

    /// Returns the error of a model request that could not be journaled.
    pub(in crate::turn) fn report_unjournaled(&self, error: &StorageError) -> ModelError {
        let (thread_id, source): (_, &dyn std::error::Error) = (&self.thread_id, error);
        tracing::error!(%thread_id, error = source, "a model request could not be journaled");
        let reason = error.client_message();
        let message = format!("The model request was not sent because it could not be journaled: {reason}");
        ModelError { message, info: CodexErrorInfo::InternalServerError, was_refused: false }
    }

    /// Journals a call of the hosted tool.
    async fn reserve_hosted(
        &self,
        item_id: &ItemId,
        requested: &RequestedImage,
        references: &[Reference],
    ) -> Result<Reserved, ReserveError> {
        // Like the image that its model request has reserved: the model was billed for the prompt with the request.
        let quote = self.gate.quote(|policy| policy.quote_hosted(&self.provider.info().image_model));
        let reserving = self.reserve(item_id, requested, (references, None), quote, Admission::Started);
        AssertUnwindSafe(reserving).catch_unwind().await.unwrap_or_else(|_| Err(store_panicked().into()))
    }

    /// Compares the images of a hosted call, if it was an edit, stores them, and runs the hooks after it.
    pub(super) async fn settle_hosted(&self, end: HostedEnd) -> CallReport {
        let HostedEnd { item_id, generated, elapsed, hook_data, edit } = end;
        let settling = async {
            let generated = self.examine(&item_id, edit, generated, &self.cancel).await;
            self.settle(&item_id, generated, None, elapsed).await
        };
        let outcome = AssertUnwindSafe(settling).catch_unwind().await.unwrap_or_else(|_| {
            let error = store_panicked();
            Err(Box::new(self.error_after_sending(ImageErrorKind::Internal, error.client_message())))
        });
        if let Some(data) = hook_data {
            self.run_post_hooks(&item_id, &data, &outcome, &self.cancel).await;
        }
        CallReport { item_id, outcome }
    }
}

impl<S: Store, P: Provider, E: EventSink> TurnRunner<'_, S, P, E> {
    /// Journals a call that the provider has started, and waits for its end from now on. Returns why the limits of
    /// spending would have refused it.
    pub(in crate::turn) async fn track_hosted(
        &mut self,
        item_id: &ItemId,
        call_id: &CallId,
        requested: &RequestedImage,
        references: &[Reference],
    ) -> Option<LimitError> {
        let (unreserved, refusal) = match self.context.reserve_hosted(item_id, requested, references).await {
            Ok(reserved) => {
                // The first image of the response takes what the request has reserved.
                self.hosted_request = None;
                (None, reserved.budget.and_then(|budget| budget.admit_reserved(budget.limits, &reserved.quote).err()))
            }
            Err(error) => {
                // The provider is already making the image. Until its end, the row of the model request stands for it.
                tracing::warn!(%item_id, error = %error, "a hosted call is not journaled yet");
                (Some((requested.clone(), references.to_vec())), None)
            }
        };
        let hook_data = self.context.keep_for_hooks((requested, references));
        let edit = EditSource::of_hosted(references);
        let hosted = HostedCall { item_id: item_id.clone(), started: Instant::now(), unreserved, hook_data, edit };
        self.hosted.insert(call_id.clone(), hosted);
        refusal
    }

    /// Ends what the model request has reserved, unless an image has taken it. `billed` says what a request that was
    /// sent may have cost.
    pub(in crate::turn) async fn end_hosted_request(&mut self, billed: Billed) {
        let Some(was_sent) = self.hosted_request.take() else { return };
        let billed = if was_sent.load(Ordering::Relaxed) { billed } else { Billed::No };
        let CallContext { store, thread_id, turn_id, .. } = &*self.context;
        let request_id = self.model_request_id.as_deref();
        let ending = AssertUnwindSafe(store.end_request(thread_id, turn_id, billed, request_id)).catch_unwind();
        if let Err(error) = ending.await.unwrap_or_else(|_| Err(store_panicked())) {
            let error: &dyn std::error::Error = &error;
            tracing::error!(%thread_id, error, "an image that a model request has reserved stays reserved");
        }
    }

    pub(in crate::turn) async fn on_hosted_ended(
        &mut self,
        turn: &mut Turn,
        call_id: &str,
        outcome: Result<GeneratedImages, ImageError>,
    ) -> Vec<Effect> {
        let Some(hosted) = self.hosted.remove(call_id) else {
            tracing::warn!(call_id, "the provider ended an image call that is not running");
            return Vec::new();
        };
        self.end_hosted(turn, hosted, outcome).await
    }

    /// Ends all hosted calls of the response as failed.
    pub(in crate::turn) async fn fail_hosted_calls(
        &mut self,
        turn: &mut Turn,
        kind: ImageErrorKind,
        message: &str,
    ) -> Vec<Effect> {
        let mut effects = Vec::new();
        for (_, hosted) in std::mem::take(&mut self.hosted) {
            let error = self.hosted_error(kind, message);
            effects.extend(self.end_hosted(turn, hosted, Err(error)).await);
        }
        effects
    }

    /// Creates the error of a hosted call whose response ended without its image.
    pub(in crate::turn) fn hosted_error(&self, kind: ImageErrorKind, message: &str) -> ImageError {
        let request_id = self.model_request_id.clone();
        ImageError { request_id, ..self.context.error_after_sending(kind, message) }
    }

    /// Stores the images of a hosted call. The response waits for that, so that its next event comes after the image,
    /// as with the standalone tool. It does not wait for a comparison and for hooks, which may take seconds.
    async fn end_hosted(
        &mut self,
        turn: &mut Turn,
        hosted: HostedCall,
        generated: Result<GeneratedImages, ImageError>,
    ) -> Vec<Effect> {
        if let Some((requested, references)) = &hosted.unreserved {
            match self.context.reserve_hosted(&hosted.item_id, requested, references).await {
                Ok(_) => self.hosted_request = None,
                Err(error) => {
                    tracing::warn!(item_id = %hosted.item_id, error = %error, "a hosted call was not journaled");
                    self.end_hosted_request(Billed::Uncertain).await;
                }
            }
        }
        let elapsed = hosted.elapsed();
        let HostedCall { item_id, hook_data, edit, .. } = hosted;
        let end = HostedEnd { item_id, generated, elapsed, hook_data, edit };
        if end.is_long() {
            let effects = self.handle(turn, Input::HostedArrived { item_id: end.item_id.clone() });
            self.calls.spawn_hosted_end(Arc::clone(&self.context), end);
            return effects;
        }
        let report = self.context.settle_hosted(end).await;
        self.on_call_ended(turn, report)
    }
}
