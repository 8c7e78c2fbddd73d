//! The calls of the provider's hosted tool: made inside an answer, journalled and stored like all others.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use easel_imagegen::port::{GeneratedImages, ModelError, Provider, Reference, RequestStart, Store};
use easel_protocol::id::ItemId;
use easel_protocol::record::{ImageError, ImageErrorKind, RequestedImage};
use easel_protocol::tool::ToolExposure;
use easel_protocol::turn::CodexErrorInfo;
use futures_util::FutureExt;
use tokio::time::Instant;

use super::Running;
use crate::audience::Audience;
use crate::call::{CallContext, Report, now_ms};
use crate::machine::{Effect, Turn};

const STORE_FAILED: &str = "Easel's own store failed.";

/// Calls whose end the answer still owes, by the provider's id.
pub(crate) type HostedCalls = HashMap<String, Hosted>;

#[derive(Debug)]
pub(crate) struct Hosted {
    pub(super) item_id: ItemId,
    started: Instant,
    /// What the journal could not take when the call began. It is offered once more with the image.
    unreserved: Option<(RequestedImage, Vec<Reference>)>,
}

impl Hosted {
    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

impl<S: Store, P: Provider> CallContext<S, P> {
    /// Journals a request that offers the hosted tool of a provider that bills. Without the row it is not sent: a crash
    /// could not say what it may have cost.
    pub(super) async fn journal_request(&self, offered: ToolExposure) -> Result<(), ModelError> {
        if !self.provider.info().capabilities.bills || offered != ToolExposure::Hosted {
            return Ok(());
        }
        let (thread_id, turn_id) = (self.thread_id.clone(), self.turn_id.clone());
        let request = RequestStart { thread_id, turn_id, started_at_ms: now_ms() };
        let message = match AssertUnwindSafe(self.store.reserve_request(request)).catch_unwind().await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the request was not journalled");
                error.client_message().to_owned()
            }
            Err(_) => STORE_FAILED.to_owned(),
        };
        let message = format!("The model was not asked, because the request could not be journalled: {message}");
        Err(ModelError { message, info: CodexErrorInfo::InternalServerError })
    }

    /// Journals a call of the hosted tool; the error is a sentence.
    async fn reserve_hosted(
        &self,
        item_id: &str,
        requested: &RequestedImage,
        references: &[Reference],
    ) -> Result<(), String> {
        match AssertUnwindSafe(self.reserve(item_id, requested, references)).catch_unwind().await {
            Ok(reserved) => reserved.map_err(|error| error.message),
            Err(_) => Err(STORE_FAILED.to_owned()),
        }
    }
}

impl<S: Store, P: Provider, A: Audience> Running<'_, S, P, A> {
    pub(super) async fn track(
        &mut self,
        item_id: &str,
        call_id: &str,
        requested: &RequestedImage,
        references: &[Reference],
    ) {
        let unreserved = match self.context.reserve_hosted(item_id, requested, references).await {
            Ok(()) => None,
            Err(message) => {
                // The provider is at work all the same, and the row of its request stands for the call meanwhile.
                tracing::warn!(item_id, message, "a call of the hosted tool is not journalled yet");
                Some((requested.clone(), references.to_vec()))
            }
        };
        let hosted = Hosted { item_id: item_id.into(), started: Instant::now(), unreserved };
        self.hosted.insert(call_id.to_owned(), hosted);
    }

    pub(super) async fn hosted_ended(
        &mut self,
        turn: &mut Turn,
        call_id: &str,
        outcome: Result<GeneratedImages, ImageError>,
    ) -> Vec<Effect> {
        let Some(hosted) = self.hosted.remove(call_id) else {
            tracing::warn!(call_id, "the provider ended an image call that is not under way");
            return Vec::new();
        };
        self.settle(turn, hosted, outcome).await
    }

    /// Ends all calls that the answer still owes.
    pub(super) async fn end_hosted(&mut self, turn: &mut Turn, kind: ImageErrorKind, message: &str) -> Vec<Effect> {
        let mut effects = Vec::new();
        for (_, hosted) in std::mem::take(&mut self.hosted) {
            let error = self.context.after_sending(kind, message);
            effects.extend(self.settle(turn, hosted, Err(error)).await);
        }
        effects
    }

    /// The answer waits meanwhile: what it says next comes after its image, as it does with the standalone tool.
    async fn settle(
        &mut self,
        turn: &mut Turn,
        hosted: Hosted,
        made: Result<GeneratedImages, ImageError>,
    ) -> Vec<Effect> {
        if let Some((requested, references)) = &hosted.unreserved
            && let Err(message) = self.context.reserve_hosted(&hosted.item_id, requested, references).await
        {
            tracing::warn!(item_id = %hosted.item_id, message, "a call of the hosted tool was not journalled");
        }
        let settling = self.context.settle(&hosted.item_id, made, hosted.started.elapsed());
        let outcome = AssertUnwindSafe(settling).catch_unwind().await.unwrap_or_else(|_| {
            Err(Box::new(self.context.after_sending(ImageErrorKind::Internal, "Easel's own store failed")))
        });
        self.reported(turn, Report { item_id: hosted.item_id, outcome })
    }
}
