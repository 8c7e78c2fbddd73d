//! The open connections and their subscriptions to threads.
//!
//! [`Client`] is one connection, [`Connections`] are all of them, and [`Hub`] sends a thread's events to its
//! subscribers.

mod broadcast;
mod client;
mod handshake;
mod hub;

pub(crate) use broadcast::Connections;
pub(crate) use client::{Client, SlowClientPolicy};
pub(crate) use handshake::Handshake;
pub(crate) use hub::{EventFilter, Hub};
