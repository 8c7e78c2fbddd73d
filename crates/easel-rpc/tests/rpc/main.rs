//! The whole crate over in-memory pipes, with a table of test methods.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by its panic, also in its helpers")]

mod bounds;
mod budgets;
mod cancellation;
mod client;
mod ending;
mod framing;
mod garbage;
mod handshake;
mod ordering;
mod panics;
mod peer_requests;
#[cfg(unix)]
mod process;
mod server;
