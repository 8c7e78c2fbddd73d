use easel_protocol::event::{Event, ThreadArchivedNotification};
use easel_protocol::method::ThreadArchive;
use easel_protocol::thread::{ThreadArchiveParams, ThreadArchiveResponse};

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for ThreadArchive {
    async fn handle(cx: Cx, params: ThreadArchiveParams) -> Result<Answer<ThreadArchiveResponse>, Refusal> {
        let thread_id = params.thread_id;
        cx.app.must_rest(&thread_id).await?;
        if cx.app.store.thread(&thread_id).await?.is_some_and(|thread| thread.ephemeral) {
            return Err(Refusal::Ephemeral(thread_id.to_string()));
        }
        let event = Event::ThreadArchived(ThreadArchivedNotification { thread_id: thread_id.clone() });
        cx.app.change(&thread_id, event.clone()).await?;
        cx.app.unload(&thread_id).await;
        Ok(Answer::then(ThreadArchiveResponse {}, async move {
            cx.app.hub.publish_with(&thread_id, &cx.client, event).await;
            // It is out of memory. Whoever wants to hear it again resumes it.
            cx.app.hub.forget(&thread_id);
        }))
    }
}
