//! The port of hooks: runs their programs.

use std::fmt;

use futures_core::future::BoxFuture;

use crate::hooks::{Hook, HookEnd};

/// Runs the programs of hooks.
pub trait HookRunner: fmt::Debug + Send + Sync + 'static {
    /// Runs the program of a hook, with `input` as its standard input. Its processes end with it, after its time limit,
    /// or when the future is dropped.
    fn run<'a>(&'a self, hook: &'a Hook, input: &'a [u8]) -> BoxFuture<'a, HookEnd>;
}
