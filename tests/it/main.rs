//! Tests of the executable: real pipes, files and processes.
//!
//! They are one binary, so that it is linked once. Start at [`harness`].
#![expect(clippy::expect_used, reason = "a test says what it needs and fails without it")]

mod harness;

mod attacks;
mod clients;
mod codex_clients;
mod documents;

#[cfg(feature = "acp")]
mod acp;

mod approval;
mod credentials;

mod http;

mod context;
#[cfg(all(unix, feature = "acp"))]
mod faces;
mod mcp;
mod preview;
mod tool_call;
mod turns;

mod edits;
mod gates;
mod images;
mod threads;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod crash;
mod recovery;
mod storage;

mod config;
mod config_writes;
mod demo;
mod doctor;
mod draw;
mod export;
#[cfg(feature = "gallery")]
mod gallery;
mod help;
mod spending;
mod stored;
#[cfg(feature = "otel")]
mod telemetry;
mod thread_overrides;
mod usage;

mod method_errors;
mod session;

mod interop;

mod wire;

#[cfg(unix)]
mod hooks;
#[cfg(unix)]
mod listen;
#[cfg(unix)]
mod people;
#[cfg(unix)]
mod random;
