//! A person who approves calls, or denies those whose prompt says so.

use std::fmt;

use easel_imagegen::approval::{ApprovalRequest, Denial};
use easel_imagegen::port::Approver;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::log::{Log, LogOnDrop};

#[derive(Clone)]
pub(crate) struct FakeApprover {
    pub(crate) log: Log,
    pub(crate) can_ask: bool,
}

impl fmt::Debug for FakeApprover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeApprover")
    }
}

impl Approver for FakeApprover {
    fn has_approved(&self, request: &ApprovalRequest) -> bool {
        request.requested.prompt == "approved"
    }

    fn can_ask(&self) -> bool {
        self.can_ask
    }

    fn ask(&self, request: ApprovalRequest) -> BoxFuture<'_, Result<(), Denial>> {
        async move {
            let limit = request.refusal.as_ref().map_or("", |_| " over limit");
            self.log.add(format!("question {}{limit}", request.item_id));
            let mut withdrawn = LogOnDrop::new(&self.log, format!("withdraw {}", request.item_id));
            self.log.wait_at(&format!("answer {}", request.item_id)).await;
            withdrawn.disarm();
            if request.requested.prompt == "deny" { Err(Denial::Denied) } else { Ok(()) }
        }
        .boxed()
    }
}
