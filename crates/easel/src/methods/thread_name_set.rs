use easel_protocol::event::{Event, ThreadNameUpdatedNotification};
use easel_protocol::method::ThreadNameSet;
use easel_protocol::thread::{ThreadSetNameParams, ThreadSetNameResponse};

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

/// Longest name, in Unicode scalar values.
const MAX_NAME_CHARS: usize = 200;

impl Handler for ThreadNameSet {
    async fn handle(cx: Cx, params: ThreadSetNameParams) -> Result<Answer<ThreadSetNameResponse>, Refusal> {
        let thread_id = params.thread_id;
        let name = params.name.trim();
        if !(1..=MAX_NAME_CHARS).contains(&name.chars().count()) {
            return Err(Refusal::field("name", format!("must have 1 to {MAX_NAME_CHARS} characters")));
        }
        let event = Event::ThreadNameUpdated(ThreadNameUpdatedNotification {
            thread_id: thread_id.clone(),
            thread_name: Some(name.to_owned()),
        });
        cx.app.change(&thread_id, event.clone()).await?;
        Ok(Answer::then(ThreadSetNameResponse {}, async move {
            cx.app.hub.publish_with(&thread_id, &cx.client, event).await;
        }))
    }
}
