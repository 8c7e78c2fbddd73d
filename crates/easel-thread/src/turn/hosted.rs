//! The calls of the provider's hosted tool: made inside an answer, journalled and stored like all others.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;

use easel_imagegen::port::{Made, Provider, Reference, Store};
use easel_protocol::record::{ImageError, ImageErrorKind, RequestedImage};
use futures_util::FutureExt;
use tokio::time::Instant;

use super::Running;
use crate::audience::Audience;
use crate::call::{Report, StagedOf};
use crate::machine::{Effect, Turn};

/// Calls whose end the answer still owes, by the provider's id.
pub(crate) type HostedCalls = HashMap<String, Hosted>;

#[derive(Debug)]
pub(crate) struct Hosted {
    pub(super) item_id: String,
    started: Instant,
}

impl<S: Store, P: Provider, A: Audience> Running<'_, S, P, A> {
    pub(super) async fn track(
        &mut self,
        item_id: String,
        call_id: String,
        requested: &RequestedImage,
        references: &[Reference],
    ) {
        let reserving = AssertUnwindSafe(self.context.reserve(&item_id, requested, references)).catch_unwind().await;
        let message = match reserving {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.message),
            Err(_) => Some("Easel's own store failed.".to_owned()),
        };
        if let Some(message) = message {
            // The provider is at work all the same, and the store keeps what it makes.
            tracing::warn!(item_id, message, "a call of the hosted tool was not journalled");
        }
        self.hosted.insert(call_id, Hosted { item_id, started: Instant::now() });
    }

    pub(super) async fn hosted_ended(
        &mut self,
        turn: &mut Turn,
        call_id: &str,
        outcome: Result<Made<StagedOf<S>>, ImageError>,
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
        made: Result<Made<StagedOf<S>>, ImageError>,
    ) -> Vec<Effect> {
        let settling = self.context.settle(&hosted.item_id, made, hosted.started.elapsed());
        let outcome = AssertUnwindSafe(settling).catch_unwind().await.unwrap_or_else(|_| {
            Err(Box::new(self.context.after_sending(ImageErrorKind::Internal, "Easel's own store failed")))
        });
        self.reported(turn, Report { item_id: hosted.item_id, outcome })
    }
}
