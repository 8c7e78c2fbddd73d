//! The ids that new items of a thread must not repeat.

use easel_imagegen::item_id;
use rusqlite::Connection;

use crate::error::Error;

/// Finds an id among the thread's items, its journaled calls, the calls of clients, the calls of its images, and the
/// calls in its conversation. A call may be in the journal before its item is in history, a call that a client appended
/// has no item, and only its images are left of a turn that was copied by a fork and then reverted.
pub(crate) const IS_USED_SQL: &str = "SELECT EXISTS (SELECT 1 FROM items WHERE thread_id = ?1 AND id = ?2) \
    OR EXISTS (SELECT 1 FROM calls WHERE thread_id = ?1 AND call_id = ?2) \
    OR EXISTS (SELECT 1 FROM host_calls WHERE thread_id = ?1 AND item_id = ?2) \
    OR EXISTS (SELECT 1 FROM images WHERE thread_id = ?1 AND call_id = ?2) \
    OR EXISTS (SELECT 1 FROM model_items WHERE thread_id = ?1 \
               AND instr(json, '\"function_call\"') > 0 \
               AND CASE WHEN json_valid(json) THEN json_extract(json, '$.call_id') END = ?2)";

/// Returns whether the thread has an item or a call with the id.
pub(crate) fn is_used(connection: &Connection, thread_id: &str, id: &str) -> Result<bool, Error> {
    Ok(connection.prepare_cached(IS_USED_SQL)?.query_row((thread_id, id), |row| row.get(0))?)
}

/// Returns a number from `first` on that makes `preferred` an unused id, see [`item_id::with_number`].
pub(crate) fn find_free_number(
    connection: &Connection,
    thread_id: &str,
    preferred: &str,
    first: u32,
) -> Result<u32, Error> {
    item_id::find_free_number(first, |number| is_used(connection, thread_id, &item_id::with_number(preferred, number)))
}
