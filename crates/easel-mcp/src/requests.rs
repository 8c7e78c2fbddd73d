//! What is known about the host's requests besides their handlers: which were cancelled because the host has stopped
//! waiting, and which results have not been queued yet.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::call::Call;
use crate::undelivered::Undelivered;

/// The requests of the host, by the JSON of their id.
#[derive(Default)]
pub(crate) struct Requests {
    state: Mutex<State>,
    pub(crate) undelivered: Undelivered,
}

#[derive(Default)]
struct State {
    /// Calls that a request waits for.
    waiting: HashMap<String, Arc<Call>>,
    /// Requests that the host has given up on, and whose handlers do not know it yet.
    timed_out: HashSet<String>,
    /// Calls whose result is on its way to the transport.
    delivering: HashMap<String, Arc<Call>>,
}

impl Requests {
    /// Notes that a request waits for a call.
    pub(crate) fn wait(&self, id: &str, call: Arc<Call>) {
        self.state.lock().waiting.insert(id.to_owned(), call);
    }

    /// Notes that a request waits no longer.
    pub(crate) fn end_wait(&self, id: &str) {
        self.state.lock().waiting.remove(id);
    }

    /// Notes that the host has cancelled a request. If it has only given up, or if the result is on its way, the call is
    /// kept at once, since the host's next message may be the same call.
    pub(crate) fn cancelled(&self, id: &str, reason: Option<&str>) {
        let mut state = self.state.lock();
        if let Some(call) = state.delivering.remove(id) {
            self.undelivered.keep(call);
        } else if reason.is_some_and(is_timeout) {
            if let Some(call) = state.waiting.remove(id) {
                self.undelivered.keep(call);
            }
            state.timed_out.insert(id.to_owned());
        }
    }

    /// Ends the wait of a cancelled request. Returns whether the host has only given up; the call is kept then.
    pub(crate) fn give_up(&self, id: &str) -> bool {
        let mut state = self.state.lock();
        let unkept = state.waiting.remove(id);
        let has_timed_out = state.timed_out.remove(id);
        if let Some(call) = unkept.filter(|_| has_timed_out) {
            self.undelivered.keep(call);
        }
        has_timed_out
    }

    /// Notes that the result of `call` is the response to a request. Until the transport has it, the result counts as
    /// not delivered.
    pub(crate) fn deliver(&self, id: &str, call: Arc<Call>) {
        let mut state = self.state.lock();
        let unkept = state.waiting.remove(id);
        if !state.timed_out.remove(id) {
            state.delivering.insert(id.to_owned(), call);
        } else if let Some(call) = unkept {
            self.undelivered.keep(call);
        }
    }

    /// Notes that the response to a request was queued.
    pub(crate) fn on_delivered(&self, id: &str) {
        self.state.lock().delivering.remove(id);
    }
}

/// Returns whether a reason for a cancellation is that the host has waited too long: SDKs send the text of their own
/// error, such as `McpError: MCP error -32001: Request timed out`.
fn is_timeout(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    reason.contains("-32001") || reason.contains("timed out") || reason.contains("timeout")
}

#[cfg(test)]
mod tests;
