use easel_protocol::event::{Event, ThreadClosedNotification};
use easel_protocol::method::ThreadUnsubscribe;
use easel_protocol::thread::{ThreadUnsubscribeParams, ThreadUnsubscribeResponse, UnsubscribeStatus};

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for ThreadUnsubscribe {
    /// A thread that nobody hears and in which nothing runs is taken out of memory, so that another process may have
    /// it.
    async fn handle(cx: Cx, params: ThreadUnsubscribeParams) -> Result<Answer<ThreadUnsubscribeResponse>, Refusal> {
        let thread_id = params.thread_id;
        let Some(handle) = cx.app.threads.get(&thread_id) else {
            return Ok(Answer::new(ThreadUnsubscribeResponse { status: UnsubscribeStatus::NotLoaded }));
        };
        let Some(left) = cx.app.hub.unsubscribe(&thread_id, &cx.client) else {
            return Ok(Answer::new(ThreadUnsubscribeResponse { status: UnsubscribeStatus::NotSubscribed }));
        };
        let response = ThreadUnsubscribeResponse { status: UnsubscribeStatus::Unsubscribed };
        if left > 0 || handle.slot.running().is_some() {
            return Ok(Answer::new(response));
        }
        cx.app.unload(&thread_id).await;
        Ok(Answer::then(response, async move {
            let closed = Event::ThreadClosed(ThreadClosedNotification { thread_id });
            cx.app.hub.tell(&cx.client, &closed).await;
        }))
    }
}
