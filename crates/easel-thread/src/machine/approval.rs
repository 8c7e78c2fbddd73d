//! The calls of a turn that wait for an approval. While there is one, the status of the thread says so.

use easel_protocol::id::ItemId;
use easel_protocol::thread::{ThreadActiveFlag, ThreadStatus};

use super::ending::StopReason;
use super::{Effect, Step, Turn};

/// The running calls that wait for an approval.
#[derive(Debug, Default)]
pub(super) struct Approvals(Vec<ItemId>);

impl Turn {
    /// Lets a call ask for its approval. Ignores a call that has ended, and every call of an interrupted turn, whose
    /// calls are cancelled.
    pub(super) fn on_approval_needed(&mut self, step: &mut Step<'_>, item_id: ItemId) {
        let is_cancelled = self.stop_reason == Some(StopReason::Interrupted);
        if is_cancelled || !self.calls.is_running(&item_id) || self.approvals.0.contains(&item_id) {
            return;
        }
        self.approvals.0.push(item_id.clone());
        if self.approvals.0.len() == 1 {
            self.emit_status(step, ThreadStatus::Active { active_flags: vec![ThreadActiveFlag::WaitingOnApproval] });
        }
        step.effects.push(Effect::AskApproval { item_id });
    }

    /// Removes a call from those that wait for an approval, if it is one of them.
    pub(super) fn end_approval(&mut self, step: &mut Step<'_>, item_id: &ItemId) {
        let before = self.approvals.0.len();
        self.approvals.0.retain(|waiting| waiting != item_id);
        if before == 1 && self.approvals.0.is_empty() {
            self.emit_status(step, ThreadStatus::Active { active_flags: Vec::new() });
        }
    }
}
