//! Threads: one actor a thread, and the pure machine that says what a turn does next.
//!
//! The core knows the ports of `easel-imagegen` and the types of `easel-protocol`. It does not know JSON-RPC, HTTP,
//! SQLite or configuration files: who listens is behind [`Audience`], who answers and keeps is behind the ports.
//!
//! Start at [`machine`], which decides; [`turn`] carries out what it decides; [`actor`] owns a thread's state and takes
//! one turn after the other; [`registry`] is the table of the threads in memory.

pub mod machine;

pub mod conversation;

pub mod user_message;

pub mod turn;

pub mod call;

pub mod actor;
pub mod rules;
mod send_gate;
pub mod slot;
pub mod telling;

pub mod registry;
pub mod start;

pub mod audience;

#[cfg(test)]
mod fakes;

pub use audience::Audience;
