//! Hooks: programs of the user that run before and after each call of the image tool. A hook that runs before a call
//! can deny it, or leave it to the user.
//!
//! This module says what a hook reads ([`HookInput`]) and what its end means ([`decide`]). Both follow the hooks of
//! Codex, except that a hook which fails in any way denies the call.

mod decision;
mod input;
#[cfg(test)]
mod tests;
mod text;

use std::fmt;
use std::time::Duration;

pub use decision::{HookQuestion, MAX_OUTPUT_BYTES, decide, report};
pub use input::{HookCall, HookInput, MAX_INPUT_BYTES};

/// The hooks that apply to the image tool, in the order in which they run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hooks {
    /// Those that run before a call.
    pub pre: Vec<Hook>,
    /// Those that run after a call.
    pub post: Vec<Hook>,
}

/// A program of the user. Hooks are equal if they do the same, wherever they stand in the configuration.
#[derive(Clone)]
pub struct Hook {
    /// How messages name the hook: by its position in the configuration.
    pub name: String,
    /// The program and its arguments, which may be secret. Empty if the configuration of the hook is invalid: it then
    /// denies every call.
    pub command: Vec<String>,
    /// Time limit.
    pub timeout: Duration,
}

impl PartialEq for Hook {
    fn eq(&self, other: &Self) -> bool {
        let Self { name: _, command, timeout } = self;
        *command == other.command && *timeout == other.timeout
    }
}

impl Eq for Hook {}

/// Leaves out the command: its arguments may be secret.
impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hook").field("name", &self.name).field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

/// How the program of a hook ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookEnd {
    /// It exited.
    Exited {
        /// `None` if a signal ended it.
        code: Option<i32>,
        /// The start of its output.
        stdout: Vec<u8>,
        /// The start of its error output.
        stderr: Vec<u8>,
    },
    /// It did not run to its end. The text completes "the hook …".
    Failed(String),
}

impl Hooks {
    /// Returns the hooks that run before a call under this configuration or under `current`, which replaced it: a
    /// running turn adopts only what is stricter.
    pub fn pre_with(&self, current: &Self) -> Vec<Hook> {
        let added = current.pre.iter().filter(|hook| !self.pre.contains(hook));
        self.pre.iter().chain(added).cloned().collect()
    }
}
