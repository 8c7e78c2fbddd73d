//! The wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the current time in Unix milliseconds, or 0 if the clock is set to a time before 1970.
#[expect(clippy::disallowed_methods, reason = "this is the module that reads the wall clock")]
pub fn now_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
