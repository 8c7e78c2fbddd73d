//! `easel prune`: removes what no thread needs, and old archived threads if the user asks for it.

use std::error::Error;

use easel_config::Environment;
use easel_protocol::thread::{Thread, ThreadListParams};
use easel_store::{Amount, EaselStore, LeaseError, Listing};
use jiff::Timestamp;

use super::with_store;
use crate::commands::format::bytes;
use crate::commands::{error_chain, print, report};

/// Maximum number of threads that are read at once.
const PAGE: u32 = 100;
const SECONDS_PER_DAY: i64 = 24 * 60 * 60;
/// Maximum number of threads that are named.
const MAX_LISTED: usize = 20;
const NOTHING: &str = "There is nothing to remove.";

/// The words for one kind of files.
struct Kind {
    one: &'static str,
    many: &'static str,
    note: &'static str,
}

const MODEL_COPIES: Kind =
    Kind { one: "model copy", many: "model copies", note: "made again when a model sees the image" };
const LEFTOVERS: Kind =
    Kind { one: "unfinished file", many: "unfinished files", note: "left by processes that ended too early" };

/// What to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Whether to remove, or only to say what would be removed.
    pub(crate) remove: bool,
    /// Also delete archived threads that have not changed for this number of days.
    pub(crate) archived_days: Option<u32>,
}

/// Removes model copies, what dead processes left, and the archived threads that the options name. Without
/// `options.remove`, only prints what it would remove. Files that the database does not know are printed and kept.
///
/// # Errors
/// If the database cannot be read or written, or something cannot be removed.
pub(crate) fn run(environment: &Environment, options: Options) -> Result<(), Box<dyn Error>> {
    with_store(environment, async |store| {
        let newest = options.archived_days.map(|days| Timestamp::now().as_second() - i64::from(days) * SECONDS_PER_DAY);
        let threads = match newest {
            Some(newest) => find_archived(store, newest).await?,
            None => Vec::new(),
        };
        if options.remove { remove(store, &threads, newest).await } else { plan(store, &threads).await }
    })
}

/// Prints what would be removed.
async fn plan(store: &EaselStore, threads: &[Thread]) -> Result<(), Box<dyn Error>> {
    let found = store.find_prunable().await?;
    for (listing, kind) in [(&found.model_copies, &MODEL_COPIES), (&found.leftovers, &LEFTOVERS)] {
        print_amount("Would remove", listing.amount, kind)?;
        print_paths(listing)?;
    }
    print_threads("Would remove", threads.len())?;
    for thread in threads.iter().take(MAX_LISTED) {
        print(&format!("  {}", thread.id))?;
    }
    print_more(threads.len().saturating_sub(MAX_LISTED) as u64)?;
    print_unknown(&found.unknown)?;
    if found.is_clean() && threads.is_empty() {
        Ok(print(NOTHING)?)
    } else {
        Ok(print("Nothing was removed. `easel prune --yes` with the same options removes this.")?)
    }
}

/// Removes files and threads, and then prints what is gone.
async fn remove(store: &EaselStore, threads: &[Thread], newest: Option<i64>) -> Result<(), Box<dyn Error>> {
    let (mut deleted, mut failures) = (0, Vec::new());
    for thread in threads {
        match delete_thread(store, thread, newest).await {
            Ok(true) => deleted += 1,
            Ok(false) => report(&format!("thread {} is kept: it has changed meanwhile", thread.id)),
            Err(error) => failures.push(format!("thread {} is kept: {error}", thread.id)),
        }
    }
    let pruned = store.prune().await;
    print_threads("Removed", deleted)?;
    match &pruned {
        Ok(pruned) => {
            print_amount("Removed", pruned.model_copies, &MODEL_COPIES)?;
            print_amount("Removed", pruned.leftovers, &LEFTOVERS)?;
            let more = Some(pruned.more_failures).filter(|more| *more > 0);
            failures.extend(pruned.failures.iter().cloned());
            failures.extend(more.map(|more| format!("{more} more files could not be removed")));
            if deleted == 0 && pruned.model_copies.files == 0 && pruned.leftovers.files == 0 && failures.is_empty() {
                print(NOTHING)?;
            }
        }
        Err(error) => failures.push(error_chain(error)),
    }
    failures.iter().for_each(|failure| report(failure));
    print_unknown(&store.find_prunable().await?.unknown)?;
    if failures.is_empty() { Ok(()) } else { Err("not everything could be removed".into()) }
}

/// Deletes a thread unless it has changed since it was listed. Returns whether it is deleted.
async fn delete_thread(store: &EaselStore, thread: &Thread, newest: Option<i64>) -> Result<bool, LeaseError> {
    match store.acquire_writer(&thread.id).await {
        Err(LeaseError::ThreadNotFound) => return Ok(false),
        acquired => acquired?,
    }
    let deleted = store.delete_archived_thread(&thread.id, newest.unwrap_or(i64::MIN)).await;
    if !matches!(deleted, Ok(true)) {
        store.release_writer(&thread.id).await?;
    }
    Ok(deleted?)
}

fn print_amount(verb: &str, amount: Amount, kind: &Kind) -> Result<(), Box<dyn Error>> {
    if amount.files > 0 {
        let noun = if amount.files == 1 { kind.one } else { kind.many };
        print(&format!("{verb} {} {noun} ({}; {}).", amount.files, bytes(amount.bytes), kind.note))?;
    }
    Ok(())
}

fn print_threads(verb: &str, count: usize) -> Result<(), Box<dyn Error>> {
    if count > 0 {
        let noun = if count == 1 { "thread" } else { "threads" };
        print(&format!("{verb} {count} archived {noun}, with the images that no other thread shows."))?;
    }
    Ok(())
}

fn print_unknown(unknown: &Listing) -> Result<(), Box<dyn Error>> {
    if unknown.amount.files == 0 {
        return Ok(());
    }
    let (noun, have) = if unknown.amount.files == 1 { ("file", "is") } else { ("files", "are") };
    print(&format!(
        "{} {noun} ({}) {have} not in Easel's database and {have} kept:",
        unknown.amount.files,
        bytes(unknown.amount.bytes)
    ))?;
    print_paths(unknown)
}

fn print_paths(listing: &Listing) -> Result<(), Box<dyn Error>> {
    for path in &listing.paths {
        print(&format!("  {}", path.display()))?;
    }
    print_more(listing.more)
}

fn print_more(more: u64) -> Result<(), Box<dyn Error>> {
    if more > 0 {
        print(&format!("  … and {more} more"))?;
    }
    Ok(())
}

/// Finds the archived threads that have not changed since `newest`.
async fn find_archived(store: &EaselStore, newest: i64) -> Result<Vec<Thread>, Box<dyn Error>> {
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
