//! Easel as an agent of the [Agent Client Protocol](https://agentclientprotocol.com), version 1, for editors.
//!
//! The agent is a client of the app-server in the same process: a session is a thread, a prompt is a turn, and the
//! events of the turn become updates of the session. The crate knows the typed client and the transports of
//! `easel-rpc`, and neither the store nor a provider.
//!
//! Start at [`serve()`] for the life of a connection, at `table` for the methods, and at `translate` for what
//! becomes of an event. `schema` has the messages: the protocol's own crate would make every JSON map of the program
//! keep the order of insertion, so the types are written here and checked against the published schema.

mod agent;
mod schema;
mod serve;
mod table;
mod translate;

pub use agent::{Agent, PictureMode};
pub use serve::{App, serve};
