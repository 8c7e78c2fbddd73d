//! The wire types of Easel's app-server: every parameter, response, notification and item, as plain data.
//!
//! Where both servers have a method, the types are those of the Codex app-server (version [`PEER_VERSION`]). Methods
//! that only Easel has follow its conventions: camelCase fields, string ids, Unix seconds for `…At`, milliseconds for
//! `…Ms`, pages with cursors, and an explicit `null` for an absent value.
//!
//! This crate does no I/O, reads no clock and knows no JSON-RPC: framing, request ids and error codes live in
//! `easel-rpc`.
//!
//! Start at [`method`] for the requests, at [`event`] for the notifications, and at [`item`] for the contents of a
//! turn. The documentation of these types is also the text of the generated schema, so it addresses authors of clients.
#![cfg_attr(test, expect(clippy::disallowed_methods, reason = "tests compare files"))]

mod content;
mod server;

pub mod event;
pub mod id;
pub mod image;
pub mod method;
pub mod thread;
pub mod turn;

pub use content::{input, item, record, response_item};
pub use server::{absent, account, approval, configuration, handshake, model, rate_limits, tool, usage};

#[cfg(test)]
mod schema;
#[cfg(test)]
mod tests;

/// The version of the Codex app-server's protocol that Easel speaks. Clients read it from `userAgent`.
pub const PEER_VERSION: &str = "0.169.0";
