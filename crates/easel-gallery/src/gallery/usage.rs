//! Usage by day, thread and model.

use easel_protocol::method::UsageRead;
use easel_protocol::usage::{UsageReadParams, UsageReadResponse};

use super::{Gallery, ReadError};

/// Entries in a page of `usage/read`.
const PAGE: u32 = 200;
/// Entries that are read. The sums are those of all entries.
const MAX_ENTRIES: usize = 10_000;

impl Gallery {
    /// Returns the newest usage as one page. It has a cursor if there is more.
    pub(crate) async fn usage(&self) -> Result<UsageReadResponse, ReadError> {
        let mut params = UsageReadParams { limit: Some(PAGE), ..UsageReadParams::default() };
        let mut usage = self.connection.request::<UsageRead>(&params).await?;
        while usage.next_cursor.is_some() && usage.data.len() < MAX_ENTRIES {
            params.cursor = usage.next_cursor;
            let page = self.connection.request::<UsageRead>(&params).await?;
            usage.data.extend(page.data);
            usage.next_cursor = page.next_cursor;
        }
        Ok(usage)
    }
}
