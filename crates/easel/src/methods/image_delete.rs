use easel_protocol::event::{Event, ImageDeletedNotification};
use easel_protocol::id::ThreadId;
use easel_protocol::image::{ImageDeleteParams, ImageDeleteResponse};
use easel_protocol::method::ImageDelete;

use crate::app::{App, Cx};
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for ImageDelete {
    async fn handle(cx: Cx, params: ImageDeleteParams) -> Result<Answer<ImageDeleteResponse>, Refusal> {
        let app = &cx.app;
        let image_id = params.image_id;
        let thread_id = thread_of(app, &image_id, params.thread_id).await?;
        let place = app.order.take(&thread_id).await;
        app.must_rest(&thread_id).await?;
        // Another request may have deleted it meanwhile.
        let thread_id = thread_of(app, &image_id, Some(thread_id)).await?;
        let lease = app.lease_images(&thread_id).await?;
        // Also when the file does not go: the conversation in memory must not show what history has marked.
        app.threads.evict(&thread_id);
        let deleted = app.store.delete_image(&thread_id, &image_id).await;
        lease.end().await;
        let response = ImageDeleteResponse { thread_id: thread_id.clone(), file_deleted: deleted? };
        let event = Event::ImageDeleted(ImageDeletedNotification { thread_id: thread_id.clone(), image_id });
        Ok(Answer::then(response, async move {
            cx.app.hub.publish_with(&thread_id, &cx.client, event).await;
            drop(place);
        }))
    }
}

/// The thread that is meant, which must show the image.
async fn thread_of(app: &App, image_id: &str, wanted: Option<ThreadId>) -> Result<ThreadId, Refusal> {
    let mut threads = app.store.threads_with_image(image_id).await?;
    match wanted {
        Some(wanted) if threads.iter().any(|id| wanted == *id) => Ok(wanted),
        None if threads.len() > 1 => Err(Refusal::field("threadId", "is needed, since several threads show the image")),
        None => threads.pop().map(ThreadId::from).ok_or_else(|| Refusal::ImageNotFound(image_id.into())),
        Some(_) if threads.is_empty() => Err(Refusal::ImageNotFound(image_id.into())),
        Some(wanted) if app.store.thread(&wanted).await?.is_none() => Err(Refusal::ThreadNotFound(wanted)),
        Some(wanted) => Err(Refusal::ImageNotInThread { thread_id: wanted, image_id: image_id.into() }),
    }
}
