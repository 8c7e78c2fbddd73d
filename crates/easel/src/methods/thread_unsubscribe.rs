use easel_protocol::event::{Event, ThreadClosedNotification};
use easel_protocol::id::ThreadId;
use easel_protocol::method::ThreadUnsubscribe;
use easel_protocol::thread::{ThreadUnsubscribeParams, ThreadUnsubscribeResponse, UnsubscribeStatus};

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for ThreadUnsubscribe {
    /// A thread that nobody hears is taken out of memory once nothing runs in it, so that another process may have it.
    async fn handle(cx: Cx, params: ThreadUnsubscribeParams) -> Result<Answer<ThreadUnsubscribeResponse>, Refusal> {
        let thread_id = params.thread_id;
        if !cx.app.threads.is_loaded(&thread_id) {
            return Ok(Answer::new(ThreadUnsubscribeResponse { status: UnsubscribeStatus::NotLoaded }));
        }
        let Some(left) = cx.app.hub.unsubscribe(&thread_id, &cx.client) else {
            return Ok(Answer::new(ThreadUnsubscribeResponse { status: UnsubscribeStatus::NotSubscribed }));
        };
        let response = ThreadUnsubscribeResponse { status: UnsubscribeStatus::Unsubscribed };
        if left > 0 {
            return Ok(Answer::new(response));
        }
        if cx.app.threads.get(&thread_id).is_some_and(|handle| handle.slot.running().is_some()) {
            let tasks = cx.app.tasks.clone();
            tasks.spawn(async move {
                if cx.app.unload_unheard(&thread_id).await {
                    tell_closed(&cx, thread_id).await;
                }
            });
            return Ok(Answer::new(response));
        }
        Ok(Answer::then(response, async move {
            // The request has the thread's place until this is done.
            if !cx.app.hub.is_heard(&thread_id) && cx.app.unload(&thread_id).await {
                tell_closed(&cx, thread_id).await;
            }
        }))
    }
}

async fn tell_closed(cx: &Cx, thread_id: ThreadId) {
    cx.app.hub.tell(&cx.client, &Event::ThreadClosed(ThreadClosedNotification { thread_id })).await;
}
