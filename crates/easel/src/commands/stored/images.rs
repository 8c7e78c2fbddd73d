//! `easel images`: lists the generated images.

use std::error::Error;

use easel_config::Environment;
use easel_protocol::image::{ImageEntry, ImageListParams};

use super::with_store;
use crate::commands::format::{bytes, local_time};
use crate::commands::{UsageError, print, report};

/// Maximum number of images that are read at once.
const PAGE: u32 = 50;

/// Prints the images of a thread or of all threads, newest first.
///
/// # Errors
/// [`UsageError`] if the thread does not exist, and any error if the database cannot be read.
pub(crate) fn run(
    environment: &Environment,
    thread: Option<&str>,
    limit: u32,
    json: bool,
) -> Result<(), Box<dyn Error>> {
    with_store(environment, async |store| {
        if let Some(thread) = thread
            && store.thread(thread).await?.is_none()
        {
            return Err(UsageError(format!("thread {thread} does not exist; `easel threads` lists the threads")).into());
        }
        let (mut left, mut cursor) = (limit, None);
        while left > 0 {
            let thread_id = thread.map(Into::into);
            let params =
                ImageListParams { thread_id, cursor, limit: Some(left.min(PAGE)), ..ImageListParams::default() };
            let page = store.list_images(params).await?;
            for entry in &page.data {
                print(&if json { serde_json::to_string(entry)? } else { to_line(entry) })?;
            }
            left = left.saturating_sub(u32::try_from(page.data.len())?);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(());
            }
        }
        report("there are more images; --limit lists them");
        Ok(())
    })
}

fn to_line(ImageEntry { created_at, image, .. }: &ImageEntry) -> String {
    let (facts, created) = (&image.facts, local_time(*created_at));
    let size = format!("{}x{}", facts.width, facts.height);
    format!("{}  {created}  {size:>9}  {:>8}  {}  {}", image.id, bytes(facts.bytes), image.provider, image.path)
}
