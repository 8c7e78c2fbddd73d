//! The database: its connections, the worker threads that own them, and the locks between processes.

use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) mod connection;
pub(crate) mod ephemeral;
pub(crate) mod local_day;
pub(crate) mod process_lock;
pub(crate) mod recovery_lock;
pub(crate) mod schema;
pub(crate) mod sql_id;
pub(crate) mod worker;
pub(crate) mod workers;

/// Returns the time that rows get, in Unix milliseconds.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis().try_into().unwrap_or(i64::MAX)
}
