use easel_protocol::method::ThreadTurnsList;
use easel_protocol::thread::{ThreadTurnsListParams, ThreadTurnsListResponse};

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for ThreadTurnsList {
    /// A page is short, but for one entry that is not.
    fn longest_answer(_params: &ThreadTurnsListParams) -> Option<usize> {
        Some(usize::MAX)
    }

    async fn handle(cx: Cx, params: ThreadTurnsListParams) -> Result<Answer<ThreadTurnsListResponse>, Refusal> {
        let thread_id = params.thread_id.clone();
        let page = cx.app.store.list_turns(params).await;
        Ok(Answer::new(page.map_err(|refused| Refusal::page(refused, Some(&thread_id)))?))
    }
}
