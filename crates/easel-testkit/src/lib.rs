//! What the tests of several crates share. Crates name it in `dev-dependencies` only, so it is in no release binary.
//!
//! - [`http`]: a scripted HTTP server on real sockets, and a proxy that records what passes.
//! - [`openai`]: events of the Responses API, as JSON.
//! - [`image`]: sample images, and a decoder to look at the result.
//! - [`rng`]: seeded random numbers.
//! - [`skip()`]: says which test did not run, or fails if every test must run.
//! - [`request_log`]: a folder of every request that the tests send, for the interop tests to check.
#![expect(clippy::expect_used, reason = "a test helper that cannot do its work fails the test")]

pub mod http;
pub mod image;
pub mod openai;
pub mod request_log;
pub mod rng;
mod skip;

pub use skip::skip;
