//! The wire as clients see it: what is sent, what is accepted, and what a client of the Codex app-server may rely on.

mod accepted;
mod compatibility;
mod peer;
pub(crate) mod samples;
mod sent;
mod tool_results;
