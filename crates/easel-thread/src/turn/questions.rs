//! The calls of a turn that wait until they may ask for their approval: a client learns of a call's item before it is
//! asked about it.

use std::collections::HashMap;

use easel_protocol::id::ItemId;
use tokio::sync::{mpsc, oneshot};

/// Maximum number of messages of calls that wait for the turn runner; a call waits meanwhile.
const MAX_QUEUED: usize = 16;

/// What a running call says about its approval.
#[derive(Debug)]
pub(in crate::turn) enum ApprovalNotice {
    /// It must ask. It does so when `may_ask` is sent, and is denied if that is dropped.
    Needed { item_id: ItemId, may_ask: oneshot::Sender<()> },
    /// It is approved or denied.
    Ended { item_id: ItemId },
}

/// The notices of the calls, and the calls that wait.
#[derive(Debug)]
pub(in crate::turn) struct Questions {
    notices: mpsc::Receiver<ApprovalNotice>,
    waiting: HashMap<ItemId, oneshot::Sender<()>>,
    /// The calls that may ask once the delayed events are sent.
    permitted: Vec<ItemId>,
}

impl Questions {
    /// Creates the questions of a turn, and the sender for its calls.
    pub(in crate::turn) fn new() -> (mpsc::Sender<ApprovalNotice>, Self) {
        let (sender, notices) = mpsc::channel(MAX_QUEUED);
        (sender, Self { notices, waiting: HashMap::new(), permitted: Vec::new() })
    }

    /// Waits for the next notice. Returns `None` after `close`.
    pub(in crate::turn) async fn next(&mut self) -> Option<ApprovalNotice> {
        self.notices.recv().await
    }

    /// Keeps a call until it may ask.
    pub(in crate::turn) fn wait(&mut self, item_id: ItemId, may_ask: oneshot::Sender<()>) {
        self.waiting.insert(item_id, may_ask);
    }

    /// Lets a call ask at the next release.
    pub(in crate::turn) fn permit(&mut self, item_id: ItemId) {
        self.permitted.push(item_id);
    }

    /// Lets the permitted calls ask. Call it when no event is delayed.
    pub(in crate::turn) fn release(&mut self) {
        for item_id in self.permitted.drain(..) {
            if let Some(may_ask) = self.waiting.remove(&item_id) {
                // A call that has ended does not wait.
                let _ = may_ask.send(());
            }
        }
    }

    /// Denies all calls that wait, and those that will.
    pub(in crate::turn) fn close(&mut self) {
        self.notices.close();
        // Each notice that is dropped denies its call.
        while self.notices.try_recv().is_ok() {}
        self.waiting.clear();
    }
}
