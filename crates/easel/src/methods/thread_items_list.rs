use easel_protocol::method::ThreadItemsList;
use easel_protocol::thread::{ThreadItemsListParams, ThreadItemsListResponse};

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for ThreadItemsList {
    /// A page is short, but for one entry that is not.
    fn longest_answer(_params: &ThreadItemsListParams) -> Option<usize> {
        Some(usize::MAX)
    }

    async fn handle(cx: Cx, params: ThreadItemsListParams) -> Result<Answer<ThreadItemsListResponse>, Refusal> {
        let thread_id = params.thread_id.clone();
        let page = cx.app.store.list_items(params).await;
        Ok(Answer::new(page.map_err(|refused| Refusal::page(refused, Some(&thread_id)))?))
    }
}
