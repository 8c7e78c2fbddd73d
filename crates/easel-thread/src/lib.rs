//! Threads: one actor per thread, and the pure machine that decides what a turn does next.
//!
//! This crate knows the ports of `easel-imagegen` and the types of `easel-protocol`. It does not know JSON-RPC, HTTP,
//! SQLite or configuration files: clients are behind [`EventSink`], models and storage are behind the ports.
//!
//! Start at `machine`, which decides. `turn` carries out its decisions, `actor` owns the state of one thread and runs
//! its turns one after the other, and [`Threads`] is the table of the loaded threads. `slot` is the way from request
//! handlers into a running turn: start, interrupt, steer. `config` holds the thread's current configuration and the
//! gate that enforces it.

mod machine;

mod conversation;

mod turn;

mod actor;
mod config;
mod slot;

mod event_sink;

mod clock;

#[cfg(test)]
mod fakes;

pub use actor::{StartError, ThreadHandle, Threads, TurnContent, TurnMessage, TurnRequest};
pub use clock::now_ms;
pub use config::{LiveConfig, PendingSends, ThreadConfig};
pub use conversation::to_model_message;
pub use event_sink::EventSink;
pub use machine::{HostCall, SteerMessage};
pub use slot::{
    AcceptedInterrupt, BeginError, Caller, InterruptError, JoinError, QueuedHostCall, SteerError, TurnPermit, TurnSlot,
};
pub use turn::ResponseSent;
