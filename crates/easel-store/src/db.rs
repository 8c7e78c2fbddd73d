//! The database: its connections, the worker threads that own them, and the locks between processes.

pub(crate) mod connection;
pub(crate) mod ephemeral;
pub(crate) mod process_lock;
pub(crate) mod worker;
pub(crate) mod workers;
