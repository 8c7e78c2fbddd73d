//! The rules of a thread's next turn: its actor reads them, and a change of the configuration replaces them.

use std::sync::{Arc, Mutex, PoisonError};

use crate::actor::ThreadRules;

/// Shared by the actor and all who hold the thread's handle. A turn that runs keeps those that it began with.
#[derive(Debug, Clone)]
pub struct Rules(Arc<Mutex<ThreadRules>>);

impl Rules {
    pub(crate) fn new(rules: ThreadRules) -> Self {
        Self(Arc::new(Mutex::new(rules)))
    }

    pub fn get(&self) -> ThreadRules {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn set(&self, rules: ThreadRules) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = rules;
    }
}
