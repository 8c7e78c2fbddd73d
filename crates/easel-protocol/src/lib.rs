//! The wire: every parameter, response, notification and item that Easel's app-server speaks, as plain data.
//!
//! The types are the Codex app-server's (version [`PEER_VERSION`]) where both servers share a method, and follow its
//! conventions where only Easel has one: camelCase fields, string ids, Unix seconds for `…At`, milliseconds for `…Ms`,
//! cursor pagination, explicit `null` for what is absent.
//!
//! This crate does no IO, reads no clock and knows no JSON-RPC: framing, ids and error codes live in `easel-rpc`.
//!
//! Start at [`method`] for what can be asked, at [`event`] for what is told without asking, and at [`item`] for what a
//! turn is made of.

pub mod method;

pub mod account;
pub mod configuration;
pub mod handshake;
pub mod image;
pub mod model;
pub mod rate_limits;
pub mod thread;
pub mod thread_search;
pub mod tool;
pub mod turn;
pub mod usage;

pub mod event;
pub mod id;
pub mod input;
pub mod item;
pub mod record;
pub mod response_item;

pub mod schema;

#[cfg(test)]
mod tests;

/// The protocol version that Easel speaks: the Codex app-server's, which clients read from `userAgent`.
pub const PEER_VERSION: &str = "0.169.0";
