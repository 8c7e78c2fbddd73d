//! The rules of a thread's next turn: its actor reads them, and a change of the configuration replaces them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::actor::ThreadRules;

/// Shared by the actor and all who hold the thread's handle. A turn that runs keeps those that it began with.
///
/// Rules carry the version of the configuration that they were made from, so that whoever begins a turn can tell
/// whether they are out of date.
#[derive(Debug, Clone)]
pub struct Rules(Arc<Mutex<Versioned>>);

#[derive(Debug)]
struct Versioned {
    version: u64,
    /// Threads with equal rules may share them.
    rules: Arc<ThreadRules>,
}

impl Rules {
    pub fn new(version: u64, rules: Arc<ThreadRules>) -> Self {
        Self(Arc::new(Mutex::new(Versioned { version, rules })))
    }

    pub fn get(&self) -> Arc<ThreadRules> {
        Arc::clone(&self.lock().rules)
    }

    pub fn version(&self) -> u64 {
        self.lock().version
    }

    /// Replaces the rules, unless those that are there come from a later configuration.
    pub fn set(&self, version: u64, rules: Arc<ThreadRules>) {
        let mut held = self.lock();
        if held.version <= version {
            *held = Versioned { version, rules };
        }
    }

    fn lock(&self) -> MutexGuard<'_, Versioned> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
