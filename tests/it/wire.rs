//! The connection itself, over the pipes of the real executable: lines, envelopes, bounds, the process and its end.
//!
//! Start at [`raw`]: a server whose three pipes a test holds itself.

pub(crate) mod raw;

// What a line becomes.
mod answers;
mod cancelled;
mod envelope;
mod in_flight;

// How much and how long.
mod bursts;
mod long_lines;
mod stalled;

// The process around the connection.
mod ending;
mod options;
mod output;
