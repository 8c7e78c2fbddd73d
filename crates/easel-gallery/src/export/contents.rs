//! Which records are in a file.

use std::collections::HashSet;
use std::io;

use easel_protocol::id::ThreadId;
use easel_protocol::image::ImageEntry;
use easel_protocol::usage::{Spending, UsageEntry, UsageReadResponse, UsageTotals};
use jiff::Timestamp;

use super::{ExportError, ExportOptions};
use crate::Gallery;
use crate::gallery::ThreadName;

/// Returns the newest images, and whether there are more.
pub(super) async fn newest_images(
    gallery: &Gallery,
    options: ExportOptions,
) -> Result<(Vec<ImageEntry>, bool), ExportError> {
    let (mut images, mut cursor, mut bytes) = (Vec::new(), None, 0);
    loop {
        let page = gallery.images(cursor).await?;
        for entry in page.data {
            bytes += serde_json::to_vec(&entry).map_err(io::Error::from)?.len() as u64;
            if images.len() == options.max_images || bytes > options.max_bytes / 2 {
                return Ok((images, true));
            }
            images.push(entry);
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok((images, false));
        }
    }
}

/// Returns the names of the threads of these images, and the usage of these threads since the oldest of the images.
/// Whoever gets the file learns nothing about what is not in it.
pub(super) fn only_shown(
    images: &[ImageEntry],
    mut threads: Vec<ThreadName>,
    mut usage: UsageReadResponse,
) -> (Vec<ThreadName>, UsageReadResponse) {
    let shown: HashSet<&ThreadId> = images.iter().map(|entry| &entry.thread_id).collect();
    let first = images.iter().map(|entry| entry.created_at).min();
    let first_day = first.and_then(|seconds| Timestamp::from_second(seconds).ok());
    let first_day = first_day.map(|time| time.strftime("%Y-%m-%d").to_string());
    threads.retain(|thread| shown.contains(&thread.id));
    let is_shown = |entry: &UsageEntry| shown.contains(&entry.thread_id) && Some(&entry.day) >= first_day.as_ref();
    usage.data.retain(is_shown);
    usage.totals = sum(&usage.data);
    // What counts for the limits is that of all threads, and soon that of another day.
    usage.spending = Spending::default();
    (threads, usage)
}

/// Adds up entries. The cost is unknown if one is.
fn sum(entries: &[UsageEntry]) -> UsageTotals {
    let nothing = UsageTotals { estimated_cost_usd: Some(0.0), ..UsageTotals::default() };
    entries.iter().fold(nothing, |sum, UsageEntry { used, .. }| UsageTotals {
        images: sum.images + used.images,
        synthetic_images: sum.synthetic_images + used.synthetic_images,
        input_tokens: sum.input_tokens + used.input_tokens,
        output_tokens: sum.output_tokens + used.output_tokens,
        estimated_cost_usd: sum.estimated_cost_usd.zip(used.estimated_cost_usd).map(|(sum, cost)| sum + cost),
    })
}
