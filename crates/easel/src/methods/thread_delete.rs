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
        let delete = async {
            if let Some(handle) = app.threads.get(&thread_id) {
                handle.stop().await;
                // It stays loaded until it is deleted.
                app.threads.evict(&thread_id);
            }
            Ok(app.store.delete(&thread_id).await?)
        };
        let was_there = app.write(&thread_id, delete).await?;
        app.threads.unload(&thread_id);
        if !was_there {
            return Err(Refusal::ThreadNotFound(thread_id));
        }
        let event = Event::ThreadDeleted(ThreadDeletedNotification { thread_id: thread_id.clone() });
        Ok(Answer::then(ThreadDeleteResponse {}, async move {
            cx.app.hub.publish_with(&thread_id, &cx.client, event).await;
            cx.app.hub.forget(&thread_id);
        }))
    }
}
