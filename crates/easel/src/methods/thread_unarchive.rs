use easel_protocol::event::{Event, ThreadUnarchivedNotification};
use easel_protocol::method::ThreadUnarchive;
use easel_protocol::thread::{ThreadUnarchiveParams, ThreadUnarchiveResponse};

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for ThreadUnarchive {
    async fn handle(cx: Cx, params: ThreadUnarchiveParams) -> Result<Answer<ThreadUnarchiveResponse>, Refusal> {
        let thread_id = params.thread_id;
        let event = Event::ThreadUnarchived(ThreadUnarchivedNotification { thread_id: thread_id.clone() });
        cx.app.change(&thread_id, event.clone()).await?;
        let thread = match cx.app.store.thread(&thread_id).await {
            Ok(thread) => thread.ok_or_else(|| Refusal::ThreadNotFound(thread_id.clone())),
            Err(error) => Err(error.into()),
        };
        let response = thread.map(|thread| ThreadUnarchiveResponse { thread: cx.app.with_status(thread) });
        Ok(Answer::after(response, async move {
            cx.app.hub.publish_with(&thread_id, &cx.client, event).await;
        }))
    }
}
