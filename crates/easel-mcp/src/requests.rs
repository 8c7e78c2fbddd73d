//! What is known about the host's image calls besides their handlers: which were cancelled because the host has stopped
//! waiting, and which results have not been queued yet.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::call::Call;
use crate::undelivered::Undelivered;

/// How long a host's timeout may be on its way while the result goes the other way.
const CROSSING: Duration = Duration::from_secs(30);

/// Results that a timeout may cross.
const MAX_DELIVERED: usize = 32;

/// The image calls of the host, by the JSON of their id.
#[derive(Default)]
pub(crate) struct Requests {
    state: Mutex<State>,
    pub(crate) undelivered: Undelivered,
}

#[derive(Default)]
struct State {
    stages: HashMap<String, Stage>,
    /// Calls whose result was queued, oldest first.
    delivered: VecDeque<(Instant, String, Arc<Call>)>,
}

/// How far a request has come.
enum Stage {
    /// It has no call, or its call is kept already.
    Running,
    /// It waits for its call.
    Waiting(Arc<Call>),
    /// The call has ended, and its handler makes the result.
    Delivering(Arc<Call>),
    /// The handler has ended, and the result is on its way to the transport.
    Sent(Arc<Call>),
    /// The host has given up on it, and its call is kept. Its handler does not know it yet.
    TimedOut,
    /// The host's user has stopped it. Its handler does not know it yet.
    Stopped,
}

/// Ends a request together with its handler.
pub(crate) struct Handling<'a> {
    requests: &'a Requests,
    pub(crate) id: String,
}

impl Drop for Handling<'_> {
    fn drop(&mut self) {
        let mut state = self.requests.state.lock();
        if let Some(Stage::Delivering(call)) = state.stages.remove(&self.id) {
            state.stages.insert(self.id.clone(), Stage::Sent(call));
        }
    }
}

impl Requests {
    /// Notes that a request was read, before the host's next message is.
    pub(crate) fn begin(&self, id: String) {
        self.state.lock().stages.insert(id, Stage::Running);
    }

    /// Returns what a handler holds while it serves a request.
    pub(crate) fn handle(&self, id: String) -> Handling<'_> {
        Handling { requests: self, id }
    }

    /// Notes that a request waits for a call. If the host has given up already, the call is kept.
    pub(crate) fn wait(&self, id: &str, call: Arc<Call>) {
        let mut state = self.state.lock();
        match state.stages.get_mut(id) {
            Some(Stage::TimedOut) => self.undelivered.keep(call),
            Some(Stage::Stopped) | None => {}
            Some(stage) => *stage = Stage::Waiting(call),
        }
    }

    /// Notes that a request waits no longer.
    pub(crate) fn end_wait(&self, id: &str) {
        let mut state = self.state.lock();
        if let Some(stage @ Stage::Waiting(_)) = state.stages.get_mut(id) {
            *stage = Stage::Running;
        }
    }

    /// Notes that the host has cancelled a request. If it has only given up, or if images are on their way, the call
    /// is kept at once, since the host's next message may be the same call. A user who has stopped a call that failed
    /// wants a new one.
    pub(crate) fn cancelled(&self, id: &str, reason: Option<&str>) {
        let has_timed_out = reason.is_some_and(is_timeout);
        let mut state = self.state.lock();
        let (kept, next) = match state.stages.remove(id) {
            Some(Stage::Sent(call)) => (Some(call).filter(|call| has_timed_out || call.has_images()), None),
            Some(Stage::Delivering(call)) if has_timed_out || call.has_images() => (Some(call), Some(Stage::TimedOut)),
            Some(Stage::Waiting(call)) if has_timed_out => (Some(call), Some(Stage::TimedOut)),
            Some(Stage::Running | Stage::TimedOut) if has_timed_out => (None, Some(Stage::TimedOut)),
            Some(_) => (None, Some(Stage::Stopped)),
            None if has_timed_out => (state.take_delivered(id), None),
            None => (None, None),
        };
        if let Some(next) = next {
            state.stages.insert(id.to_owned(), next);
        }
        if let Some(call) = kept {
            self.undelivered.keep(call);
        }
    }

    /// Returns whether the host has only given up on a cancelled request. The call is kept then.
    pub(crate) fn has_timed_out(&self, id: &str) -> bool {
        matches!(self.state.lock().stages.get(id), Some(Stage::TimedOut))
    }

    /// Notes that the result of `call` will be the response to a request. Until the transport has it, the result counts
    /// as not delivered.
    pub(crate) fn deliver(&self, id: &str, call: Arc<Call>) {
        let mut state = self.state.lock();
        match state.stages.get_mut(id) {
            Some(Stage::TimedOut | Stage::Stopped) => self.undelivered.keep(call),
            Some(stage) => *stage = Stage::Delivering(call),
            None => {}
        }
    }

    /// Notes that the response to a request was queued.
    pub(crate) fn on_delivered(&self, id: &str) {
        let mut state = self.state.lock();
        if let Some(Stage::Delivering(call) | Stage::Sent(call)) = state.stages.remove(id) {
            state.delivered.retain(|(at, ..)| at.elapsed() < CROSSING);
            if state.delivered.len() >= MAX_DELIVERED {
                state.delivered.pop_front();
            }
            state.delivered.push_back((Instant::now(), id.to_owned(), call));
        }
    }
}

impl State {
    /// Takes the call whose result has crossed the host's timeout.
    fn take_delivered(&mut self, id: &str) -> Option<Arc<Call>> {
        self.delivered.retain(|(at, ..)| at.elapsed() < CROSSING);
        let position = self.delivered.iter().position(|(_, delivered, _)| delivered == id)?;
        self.delivered.remove(position).map(|(.., call)| call)
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
