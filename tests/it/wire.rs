//! The connection over the pipes of the executable: lines, envelopes, limits, and the exit of the process.
//!
//! Start at [`raw`], a server whose pipes the test controls.

pub(crate) mod raw;

// Lines and their responses.
mod answers;
mod cancelled;
mod envelope;
mod in_flight;

// Sizes and queues.
mod bursts;
mod long_lines;
mod stalled;

// The process.
mod ending;
mod options;
mod output;
