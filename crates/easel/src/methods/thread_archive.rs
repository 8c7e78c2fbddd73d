use easel_imagegen::port::Store;
use easel_protocol::event::{Event, ThreadArchivedNotification};
use easel_protocol::method::ThreadArchive;
use easel_protocol::thread::{ThreadArchiveParams, ThreadArchiveResponse};

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for ThreadArchive {
    async fn handle(cx: Cx, params: ThreadArchiveParams) -> Result<Answer<ThreadArchiveResponse>, Refusal> {
        let thread_id = params.thread_id;
        // Another process may have it loaded, with a turn that this one does not see.
        let acquired = cx.app.store.acquire_writer(&thread_id).await;
        acquired.map_err(|refused| Refusal::lease(refused, &thread_id))?;
        if let Some(turn) = cx.app.threads.get(&thread_id).and_then(|thread| thread.slot.running()) {
            return Err(Refusal::TurnRunning(turn));
        }
        let event = Event::ThreadArchived(ThreadArchivedNotification { thread_id: thread_id.clone() });
        cx.app.store.append(vec![event.clone()]).await?;
        cx.app.unload(&thread_id).await;
        Ok(Answer::then(ThreadArchiveResponse {}, async move {
            cx.app.hub.publish_with(&thread_id, &cx.client, event).await;
        }))
    }
}
