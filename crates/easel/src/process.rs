//! The process: its log, and text for a terminal.

pub(crate) mod logging;
#[cfg(feature = "otel")]
mod telemetry;
pub(crate) mod terminal;
