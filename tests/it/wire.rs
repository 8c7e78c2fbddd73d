//! The connection over the pipes of the executable: lines, envelopes, limits, and the exit of the process.
//!
//! Start at [`raw`], a server whose pipes the test controls.

pub(crate) mod raw;

// Lines and their responses.
mod cancelled;
mod envelope;
mod in_flight;
mod responses;

// Sizes and queues.
mod bursts;
mod long_lines;
mod stalled_client;

// The process.
#[cfg(target_os = "linux")]
mod idle;
mod options;
mod output;
mod shutdown;
