//! `easel threads`: lists the stored threads.

use std::error::Error;

use easel_config::Environment;
use easel_protocol::thread::{Thread, ThreadListParams, ThreadSortKey};

use super::with_store;
use crate::commands::format::{local_time, shorten};
use crate::commands::{print, report};

/// Maximum number of threads that are read at once.
const PAGE: u32 = 100;
/// Maximum number of characters of a title.
const TITLE_CHARS: usize = 72;

/// Prints the threads, the one that changed last first.
///
/// # Errors
/// If the database cannot be read.
pub(crate) fn run(environment: &Environment, archived: bool, limit: u32, json: bool) -> Result<(), Box<dyn Error>> {
    with_store(environment, async |store| {
        let (mut left, mut cursor) = (limit, None);
        while left > 0 {
            let params = ThreadListParams {
                cursor,
                limit: Some(left.min(PAGE)),
                sort_key: Some(ThreadSortKey::UpdatedAt),
                archived: Some(archived),
                ..ThreadListParams::default()
            };
            let page = store.list_threads(params).await?;
            for thread in &page.data {
                print(&if json { serde_json::to_string(thread)? } else { to_line(thread) })?;
            }
            left = left.saturating_sub(u32::try_from(page.data.len())?);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(());
            }
        }
        report("there are more threads; --limit lists them");
        Ok(())
    })
}

fn to_line(thread: &Thread) -> String {
    let title = thread.name.as_deref().unwrap_or(&thread.preview);
    format!("{}  {}  {}", thread.id, local_time(thread.updated_at), shorten(title, TITLE_CHARS))
}
