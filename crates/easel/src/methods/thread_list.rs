use easel_protocol::method::ThreadList;
use easel_protocol::thread::{ThreadListParams, ThreadListResponse};

use uuid::Uuid;

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

/// Most threads that a request leaves out.
const MAX_EXCLUDED: usize = 100;

impl Handler for ThreadList {
    async fn handle(cx: Cx, params: ThreadListParams) -> Result<Answer<ThreadListResponse>, Refusal> {
        let excluded = params.excluded_thread_ids.as_deref().unwrap_or_default();
        if excluded.len() > MAX_EXCLUDED {
            return Err(Refusal::field("excludedThreadIds", format!("has more than {MAX_EXCLUDED} ids")));
        }
        if !excluded.iter().all(|id| Uuid::try_parse(id).is_ok()) {
            return Err(Refusal::field("excludedThreadIds", "has an entry that is no thread id"));
        }
        let page = cx.app.store.list_threads(params).await.map_err(|refused| Refusal::page(refused, None))?;
        let data = page.data.into_iter().map(|thread| cx.app.with_status(thread)).collect();
        Ok(Answer::new(ThreadListResponse { data, ..page }))
    }
}
