//! The rules of a thread's turns, which a change of the configuration replaces.
//!
//! A turn keeps the rules that it began with, but what becomes stricter applies to it at once: every request that may be
//! billed for images asks here immediately before it is sent.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use easel_imagegen::port::SendPass;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::actor::ThreadRules;

/// Shared by the actor and all who hold the thread's handle.
///
/// Rules carry the version of the configuration that they were made from, so that whoever begins a turn can tell
/// whether they are out of date.
#[derive(Debug, Clone)]
pub struct Rules(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: watch::Sender<Change>,
}

#[derive(Debug)]
struct State {
    version: u64,
    /// Threads with equal rules may share them.
    rules: Arc<ThreadRules>,
    /// Has a token for every pass that these rules gave and that is still held.
    passes: TaskTracker,
}

/// A change of the rules that a running turn may have to follow.
#[derive(Debug, Clone, Default)]
pub(crate) struct Change {
    /// Cancelled once the request that caused the change is answered: events that follow from it wait so long.
    pub(crate) answered: Option<CancellationToken>,
}

/// The requests that passed under rules that have been replaced, and are not yet handed to their connections.
#[derive(Debug)]
pub struct Departing(Option<TaskTracker>);

impl Departing {
    /// Waits until none of them is left. What begins later follows the new rules.
    pub async fn departed(self) {
        if let Some(passes) = self.0 {
            passes.wait().await;
        }
    }
}

impl Rules {
    pub fn new(version: u64, rules: Arc<ThreadRules>) -> Self {
        let state = Mutex::new(State { version, rules, passes: TaskTracker::new() });
        Self(Arc::new(Shared { state, changed: watch::Sender::default() }))
    }

    pub fn get(&self) -> Arc<ThreadRules> {
        Arc::clone(&self.state().rules)
    }

    pub fn version(&self) -> u64 {
        self.state().version
    }

    /// Replaces the rules, unless those that are there come from a later configuration. `answered` is cancelled once the
    /// request that asked for this is answered.
    pub fn set(&self, version: u64, rules: Arc<ThreadRules>, answered: Option<&CancellationToken>) -> Departing {
        let before = {
            let mut state = self.state();
            if state.version > version {
                return Departing(None);
            }
            let after = State { version, rules, passes: TaskTracker::new() };
            std::mem::replace(&mut *state, after).passes
        };
        before.close();
        self.0.changed.send_replace(Change { answered: answered.cloned() });
        Departing(Some(before))
    }

    /// Gives out a pass if the rules as they are now allow it.
    pub(crate) fn pass<E>(&self, allow: impl FnOnce(&ThreadRules) -> Result<(), E>) -> Result<SendPass, E> {
        let state = self.state();
        allow(&state.rules)?;
        Ok(SendPass::holding(state.passes.token()))
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Change> {
        self.0.changed.subscribe()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
