//! The running calls of the standalone tool.

use std::collections::HashMap;
use std::sync::Arc;

use easel_imagegen::phase;
use easel_imagegen::plan::PlannedCall;
use easel_imagegen::port::{Provider, Store, image_error};
use easel_protocol::id::ItemId;
use easel_protocol::record::ImageErrorKind;
use tokio::task::{Id, JoinSet};
use tracing::Instrument;

use super::{CallContext, CallReport};

/// One task for each running call.
#[derive(Debug, Default)]
pub(in crate::turn) struct RunningCalls {
    tasks: JoinSet<CallReport>,
    items: HashMap<Id, ItemId>,
}

impl RunningCalls {
    pub(in crate::turn) fn spawn<S: Store, P: Provider>(
        &mut self,
        context: Arc<CallContext<S, P>>,
        item_id: ItemId,
        call: PlannedCall,
    ) {
        let span = tracing::debug_span!(target: phase::TARGET, "image_call", %item_id);
        let task = self.tasks.spawn(context.run(item_id.clone(), call).instrument(span));
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
