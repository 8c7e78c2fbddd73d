use std::time::Duration;

use easel_protocol::event::{Event, ThreadDeletedNotification};
use easel_protocol::method::ThreadDelete;
use easel_protocol::thread::{ThreadDeleteParams, ThreadDeleteResponse};

use futures_util::FutureExt;
use tokio::sync::oneshot;

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

/// How long the events of a turn that is stopped wait for the answer.
const ANSWER: Duration = Duration::from_secs(10);

impl Handler for ThreadDelete {
    /// A turn that runs is interrupted first. What it tells of its end comes after the answer.
    async fn handle(cx: Cx, params: ThreadDeleteParams) -> Result<Answer<ThreadDeleteResponse>, Refusal> {
        let app = &cx.app;
        let thread_id = params.thread_id;
        let actor = app.threads.get(&thread_id);
        let (answered, told) = oneshot::channel::<()>();
        let delete = async {
            if let Some(handle) = &actor {
                // Without an end of its own a turn with very much to tell would wait for the answer, and this for the turn.
                let answered = tokio::time::timeout(ANSWER, told).map(drop);
                handle.stop(Box::pin(answered)).await;
                // It stays loaded until it is deleted.
                app.threads.evict(&thread_id);
            }
            Ok(app.store.delete_thread(&thread_id).await?)
        };
        let was_there = app.write(&thread_id, delete).await?;
        app.threads.unload(&thread_id);
        if !was_there {
            return Err(Refusal::ThreadNotFound(thread_id));
        }
        let event = Event::ThreadDeleted(ThreadDeletedNotification { thread_id: thread_id.clone() });
        Ok(Answer::then(ThreadDeleteResponse {}, async move {
            let _ = answered.send(());
            if let Some(handle) = actor {
                handle.told().await;
            }
            cx.app.hub.publish_with(&thread_id, &cx.client, event).await;
            cx.app.hub.forget(&thread_id);
        }))
    }
}
