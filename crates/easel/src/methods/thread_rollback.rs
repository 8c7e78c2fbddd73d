use easel_protocol::method::ThreadRollback;
use easel_protocol::thread::{Thread, ThreadRollbackParams, ThreadRollbackResponse};
use easel_store::RevertRange;

use crate::app::{App, Cx};
use crate::methods::thread_resume::newest_turns;
use crate::methods::thread_revert::{take_back, tell};
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for ThreadRollback {
    async fn handle(cx: Cx, params: ThreadRollbackParams) -> Result<Answer<ThreadRollbackResponse>, Refusal> {
        let app = &cx.app;
        let thread_id = params.thread_id;
        if params.num_turns == 0 {
            return Err(Refusal::field("numTurns", "must be at least 1"));
        }
        take_back(app, &thread_id, RevertRange::Newest(params.num_turns)).await?;
        let response = read_back(app, &thread_id).await;
        Ok(Answer::after(response, async move { tell(&cx, thread_id).await }))
    }
}

async fn read_back(app: &App, thread_id: &str) -> Result<ThreadRollbackResponse, Refusal> {
    let thread = app.store.thread(thread_id).await?;
    let thread = thread.ok_or_else(|| Refusal::ThreadNotFound(thread_id.into()))?;
    let turns = newest_turns(app, thread_id, None).await?;
    Ok(ThreadRollbackResponse { thread: Thread { turns, ..app.with_status(thread) } })
}
