use easel_protocol::method::ThreadRead;
use easel_protocol::thread::{Thread, ThreadReadParams, ThreadReadResponse};
use easel_protocol::turn::TurnItemsView;

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for ThreadRead {
    fn longest_answer(params: &ThreadReadParams) -> Option<usize> {
        (params.include_turns == Some(true)).then_some(usize::MAX)
    }

    async fn handle(cx: Cx, params: ThreadReadParams) -> Result<Answer<ThreadReadResponse>, Refusal> {
        let thread = cx.app.store.thread(&params.thread_id).await?;
        let thread = thread.ok_or_else(|| Refusal::ThreadNotFound(params.thread_id.clone()))?;
        let turns = match params.include_turns {
            Some(true) => cx.app.store.all_turns(&params.thread_id, TurnItemsView::Full).await?,
            Some(false) | None => Vec::new(),
        };
        let thread = Thread { turns, ..cx.app.with_status(thread) };
        Ok(Answer::new(ThreadReadResponse { thread }))
    }
}
