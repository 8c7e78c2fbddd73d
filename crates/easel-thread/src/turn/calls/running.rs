//! The running calls of the standalone tool, and the work after calls of the hosted tool.

use std::collections::HashMap;
use std::sync::Arc;

use easel_imagegen::phase;
use easel_imagegen::plan::PlannedCall;
use easel_imagegen::port::{Provider, Store, image_error};
use easel_protocol::id::ItemId;
use easel_protocol::record::ImageErrorKind;
use tokio::task::{Id, JoinSet};
use tracing::{Instrument, field};

use super::hosted::HostedEnd;
use super::{CallContext, CallReport};
use crate::slot::Caller;

/// One task for each call that has not reported its end.
#[derive(Debug, Default)]
pub(in crate::turn) struct RunningCalls {
    tasks: JoinSet<CallReport>,
    items: HashMap<Id, ItemId>,
    /// Who makes the calls of clients, until they run or end.
    callers: HashMap<ItemId, Caller>,
}

impl RunningCalls {
    /// Makes `caller` the one who makes the call with this item once it runs.
    pub(in crate::turn) fn set_caller(&mut self, item_id: ItemId, caller: Caller) {
        self.callers.insert(item_id, caller);
    }

    /// Forgets who would have made a call, which has ended.
    pub(in crate::turn) fn remove_caller(&mut self, item_id: &ItemId) {
        self.callers.remove(item_id);
    }

    pub(in crate::turn) fn spawn<S: Store, P: Provider>(
        &mut self,
        context: Arc<CallContext<S, P>>,
        item_id: ItemId,
        call: PlannedCall,
    ) {
        let span = tracing::info_span!(target: phase::TARGET, "image_call", %item_id, error = field::Empty);
        let caller = self.callers.remove(&item_id).unwrap_or_else(|| context.model_caller());
        let task = self.tasks.spawn(context.run(item_id.clone(), call, caller).instrument(span));
        self.items.insert(task.id(), item_id);
    }

    /// Compares and stores the images of a call of the hosted tool, runs the hooks after it, and then reports its end.
    pub(super) fn spawn_hosted_end<S: Store, P: Provider>(&mut self, context: Arc<CallContext<S, P>>, end: HostedEnd) {
        let item_id = end.item_id.clone();
        let task = self.tasks.spawn(async move { context.settle_hosted(end).await });
        self.items.insert(task.id(), item_id);
    }

    /// Waits for the end of a call. Returns `None` if no call is running.
    pub(in crate::turn) async fn next(&mut self) -> Option<CallReport> {
        match self.tasks.join_next_with_id().await? {
            Ok((task, report)) => {
                self.items.remove(&task);
                Some(report)
            }
            // A call catches its own panics and is never aborted, so this should be unreachable.
            Err(error) => {
                tracing::error!(%error, "an image call ended without a report");
                let lost = image_error(ImageErrorKind::Internal, "Easel failed internally during the image call");
                let item_id = self.items.remove(&error.id())?;
                Some(CallReport { item_id, outcome: Err(Box::new(lost)) })
            }
        }
    }
}
