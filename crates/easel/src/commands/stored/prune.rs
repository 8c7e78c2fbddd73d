//! `easel prune`: removes what no thread needs, and old archived threads if the user asks for it.

use std::error::Error;

use easel_config::Environment;
use easel_protocol::thread::{Thread, ThreadListParams};
use easel_store::{EaselStore, Prunable};
use jiff::Timestamp;

use super::with_store;
use crate::commands::format::bytes;
use crate::commands::{print, report};

/// Maximum number of threads that are read at once.
const PAGE: u32 = 100;
const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// What to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Whether to remove, or only to say what would be removed.
    pub(crate) remove: bool,
    /// Also delete archived threads that have not changed for this number of days.
    pub(crate) archived_days: Option<u32>,
}

/// Removes model copies, files of deleted threads, and the archived threads that the options name. Without
/// `options.remove`, only prints what it would remove.
///
/// # Errors
/// If the database cannot be read or written.
pub(crate) fn run(environment: &Environment, options: Options) -> Result<(), Box<dyn Error>> {
    with_store(environment, async |store| {
        let threads = match options.archived_days {
            Some(days) => find_archived(store, days).await?,
            None => Vec::new(),
        };
        if options.remove {
            delete_threads(store, &threads).await?;
        }
        let found = store.find_prunable().await?;
        print_found(&found, &threads, options)?;
        if options.remove {
            store.prune().await?;
        } else if found != Prunable::default() || !threads.is_empty() {
            print("Nothing was removed. `easel prune --yes` with the same options removes this.")?;
        }
        Ok(())
    })
}

fn print_found(found: &Prunable, threads: &[Thread], options: Options) -> Result<(), Box<dyn Error>> {
    if *found == Prunable::default() && threads.is_empty() {
        return Ok(print("There is nothing to remove.")?);
    }
    let verb = if options.remove { "Removed" } else { "Would remove" };
    for (amount, one, many, note) in [
        (found.model_copies, "model copy", "model copies", "made again when a model sees the image"),
        (found.orphans, "file", "files", "belonging to no thread"),
    ] {
        if amount.files > 0 {
            let noun = if amount.files == 1 { one } else { many };
            print(&format!("{verb} {} {noun} ({}; {note}).", amount.files, bytes(amount.bytes)))?;
        }
    }
    if !threads.is_empty() {
        let noun = if threads.len() == 1 { "thread" } else { "threads" };
        print(&format!("{verb} {} archived {noun}, with the images that no other thread shows.", threads.len()))?;
    }
    Ok(())
}

async fn find_archived(store: &EaselStore, days: u32) -> Result<Vec<Thread>, Box<dyn Error>> {
    let newest = Timestamp::now().as_second() - i64::from(days) * SECONDS_PER_DAY;
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let params =
            ThreadListParams { cursor, limit: Some(PAGE), archived: Some(true), ..ThreadListParams::default() };
        let page = store.list_threads(params).await?;
        found.extend(page.data.into_iter().filter(|thread| thread.updated_at <= newest));
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(found);
        }
    }
}

async fn delete_threads(store: &EaselStore, threads: &[Thread]) -> Result<(), Box<dyn Error>> {
    for thread in threads {
        match store.acquire_writer(&thread.id).await {
            Ok(()) => drop(store.delete_thread(&thread.id).await?),
            Err(error) => report(&format!("thread {} is kept: {error}", thread.id)),
        }
    }
    Ok(())
}
