//! The names of threads.

use easel_protocol::id::ThreadId;
use easel_protocol::method::ThreadList;
use easel_protocol::thread::ThreadListParams;
use serde::Serialize;

use super::{Gallery, ReadError};

/// Threads in a page of `thread/list`.
const PAGE: u32 = 100;
/// Names that are read, of archived threads and of the others. A thread without a name is shown by its id.
const MAX_NAMES: usize = 1_000;
/// Characters of a name.
const MAX_CHARS: usize = 200;

/// How a thread is called.
#[derive(Debug, Serialize)]
pub(crate) struct ThreadName {
    pub(crate) id: ThreadId,
    /// The name that a client gave it, or the start of its first message.
    name: String,
}

impl Gallery {
    /// Returns the names of the newest threads.
    pub(crate) async fn threads(&self) -> Result<Vec<ThreadName>, ReadError> {
        let mut names = Vec::new();
        for archived in [false, true] {
            let (mut cursor, end) = (None, names.len() + MAX_NAMES);
            while names.len() < end {
                let params = ThreadListParams {
                    cursor,
                    limit: Some(PAGE),
                    archived: Some(archived),
                    ..ThreadListParams::default()
                };
                let page = self.connection.request::<ThreadList>(&params).await?;
                names.extend(page.data.into_iter().map(|thread| {
                    let name = thread.name.unwrap_or(thread.preview).chars().take(MAX_CHARS).collect();
                    ThreadName { id: thread.id, name }
                }));
                cursor = page.next_cursor;
                if cursor.is_none() {
                    break;
                }
            }
        }
        Ok(names)
    }
}
