use easel_protocol::event::{Event, ThreadDeletedNotification};
use easel_protocol::method::ThreadDelete;
use easel_protocol::thread::{ThreadDeleteParams, ThreadDeleteResponse};

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for ThreadDelete {
    /// A turn that runs is interrupted first.
    async fn handle(cx: Cx, params: ThreadDeleteParams) -> Result<Answer<ThreadDeleteResponse>, Refusal> {
        let app = &cx.app;
        let thread_id = params.thread_id;
        let acquired = app.store.acquire_writer(&thread_id).await;
        acquired.map_err(|refused| Refusal::lease(refused, &thread_id))?;
        if let Some(handle) = app.threads.get(&thread_id) {
            handle.stop().await;
            app.threads.unload(&thread_id);
        }
        match app.store.delete(&thread_id).await {
            Ok(true) => {}
            Ok(false) => return Err(Refusal::ThreadNotFound(thread_id)),
            Err(error) => {
                app.release(&thread_id).await;
                return Err(error.into());
            }
        }
        let event = Event::ThreadDeleted(ThreadDeletedNotification { thread_id: thread_id.clone() });
        Ok(Answer::then(ThreadDeleteResponse {}, async move {
            cx.app.hub.publish_with(&thread_id, &cx.client, event).await;
            cx.app.hub.forget(&thread_id);
        }))
    }
}
