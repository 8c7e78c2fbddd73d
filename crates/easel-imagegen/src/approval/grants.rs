//! The approvals that outlast their turn.

use std::collections::HashMap;

use easel_protocol::approval::ApprovalScope;
use easel_protocol::id::ThreadId;

use super::Extent;

/// Maximum number of threads whose approval is remembered. For others, the user is asked again.
pub(super) const MAX_THREADS: usize = 1_024;

/// The approvals of one person that outlast their turn. They end with the day.
#[derive(Debug, Default)]
pub struct Grants {
    /// The end of the day of these approvals, in Unix milliseconds.
    day_ends_at_ms: i64,
    all_threads: Option<Extent>,
    pub(super) threads: HashMap<ThreadId, Extent>,
}

impl Grants {
    /// Keeps an approval until the day ends. An approval of a call or of a turn is not kept here.
    pub fn add(&mut self, scope: ApprovalScope, thread_id: &ThreadId, extent: Extent, day_ends_at_ms: i64) {
        if self.day_ends_at_ms != day_ends_at_ms {
            *self = Self { day_ends_at_ms, ..Self::default() };
        }
        match scope {
            ApprovalScope::Call | ApprovalScope::Turn => {}
            ApprovalScope::Session => {
                if self.threads.len() < MAX_THREADS || self.threads.contains_key(thread_id) {
                    let known = self.threads.entry(thread_id.clone()).or_insert(extent);
                    *known = extent.max(*known);
                }
            }
            ApprovalScope::Day => self.all_threads = self.all_threads.max(Some(extent)),
        }
    }

    /// Returns whether an approval covers a call of this extent at the time `at_ms`.
    pub fn covers(&self, thread_id: &str, extent: Extent, at_ms: i64) -> bool {
        let covered = self.all_threads.max(self.threads.get(thread_id).copied());
        at_ms < self.day_ends_at_ms && covered >= Some(extent)
    }
}
