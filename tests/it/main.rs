//! Everything that is proved from outside: the real executable over pipes, real files, real processes.
//!
//! One binary, so that it links once. Start at [`harness`].
#![expect(clippy::expect_used, reason = "a test says what it needs and fails without it")]

mod harness;

mod attacks;
mod clients;
mod documents;

mod credentials;

mod http;

mod turns;

mod gates;
mod images;
mod threads;

mod recovery;
mod storage;

mod config;
mod demo;
mod overrides;
mod usage;
mod writes;

mod refusals;
mod session;

mod interop;

mod wire;

#[cfg(unix)]
mod listen;
#[cfg(unix)]
mod random;
