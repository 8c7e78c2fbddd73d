//! The image calls of a turn.

mod approval;
mod generate;
mod hooks;
mod hosted;
mod journal;
mod prepare;
mod run;
mod running;

pub(super) use hosted::HostedCalls;
pub(super) use run::{CallContext, CallReport};
pub(super) use running::RunningCalls;
