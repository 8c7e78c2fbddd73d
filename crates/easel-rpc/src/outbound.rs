//! Outgoing messages: one queue and one writer for each connection, bounded by bytes.

pub(crate) mod budget;
pub(crate) mod frame;
pub(crate) mod message;
pub(crate) mod outbox;
pub(crate) mod peer_request;
pub(crate) mod queue;
pub(crate) mod sink;
pub(crate) mod writer;
