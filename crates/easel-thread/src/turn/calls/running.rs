//! The running calls of the standalone tool, and the hooks that run after calls of the hosted tool.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use easel_imagegen::phase;
use easel_imagegen::plan::PlannedCall;
use easel_imagegen::port::{Provider, Store, image_error};
use easel_protocol::id::ItemId;
use easel_protocol::record::ImageErrorKind;
use tokio::task::{Id, JoinSet};
use tracing::Instrument;

use super::hooks::HookData;
use super::{CallContext, CallReport};
use crate::slot::Caller;

/// One task for each call that has not reported its end.
#[derive(Debug, Default)]
pub(in crate::turn) struct RunningCalls {
    tasks: JoinSet<CallReport>,
    items: HashMap<Id, ItemId>,
    /// The tasks that run hooks after calls of the hosted tool.
    hosted: HashSet<Id>,
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
        let span = tracing::info_span!(target: phase::TARGET, "image_call", %item_id);
        let caller = self.callers.remove(&item_id).unwrap_or_else(|| context.model_caller());
        let task = self.tasks.spawn(context.run(item_id.clone(), call, caller).instrument(span));
        self.items.insert(task.id(), item_id);
    }

    /// Runs the hooks after a call of the hosted tool, whose images are stored, and then reports its end.
    pub(in crate::turn) fn spawn_hooks<S: Store, P: Provider>(
        &mut self,
        context: Arc<CallContext<S, P>>,
        data: HookData,
        report: CallReport,
    ) {
        let item_id = report.item_id.clone();
        let task = self.tasks.spawn(async move {
            context.run_post_hooks(&report.item_id, &data, &report.outcome, &context.cancel).await;
            report
        });
        self.hosted.insert(task.id());
        self.items.insert(task.id(), item_id);
    }

    /// Returns whether hooks after a call of the hosted tool are running.
    pub(in crate::turn) fn has_hosted(&self) -> bool {
        !self.hosted.is_empty()
    }

    /// Waits for the end of a call. Returns `None` if no call is running.
    pub(in crate::turn) async fn next(&mut self) -> Option<CallReport> {
        match self.tasks.join_next_with_id().await? {
            Ok((task, report)) => {
                self.items.remove(&task);
                self.hosted.remove(&task);
                Some(report)
            }
            // A call catches its own panics and is never aborted, so this should be unreachable.
            Err(error) => {
                tracing::error!(%error, "an image call ended without a report");
                let lost = image_error(ImageErrorKind::Internal, "Easel failed internally during the image call");
                self.hosted.remove(&error.id());
                let item_id = self.items.remove(&error.id())?;
                Some(CallReport { item_id, outcome: Err(Box::new(lost)) })
            }
        }
    }
}
