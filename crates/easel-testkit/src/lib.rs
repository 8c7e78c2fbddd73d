//! Helpers that the tests of several crates share. Only tests and benchmarks use it, so no release binary contains it.
//!
//! - [`http`]: a scripted HTTP server on real sockets, and a proxy that records requests.
//! - [`openai`]: events of the Responses API, as JSON.
//! - [`image`]: sample images, and a decoder for their pixels.
//! - [`rng`]: seeded random numbers.
//! - [`skip()`]: reports a test that did not run, or fails if every test must run.
//! - [`request_log`]: a folder of every request that the tests send, for the interop tests to check.
#![expect(clippy::expect_used, reason = "a test helper that cannot do its work fails the test")]

pub mod http;
pub mod image;
pub mod openai;
pub mod request_log;
pub mod rng;
mod skip;

pub use skip::skip;
