//! Images of a request on their way into a message.

use std::sync::Arc;

use easel_imagegen::port::{ImageSource, Store};
use easel_protocol::id::{ImageId, ThreadId};
use easel_protocol::input::UserInput;
use easel_protocol::record::Attachment;

use crate::app::App;
use crate::refusal::Refusal;

/// A user's message whose images were copied into the store. They are removed again unless the message is accepted.
pub(crate) struct TakenIn {
    app: Arc<App>,
    thread_id: ThreadId,
    /// With images as files of the store.
    content: Vec<UserInput>,
    /// The images among the content, in order.
    attachments: Vec<Attachment>,
}

impl TakenIn {
    /// Copies the images of `input` into the store: the client may delete its own as soon as its request is answered.
    pub(crate) async fn new(app: &Arc<App>, thread_id: &str, input: Vec<UserInput>) -> Result<Self, Refusal> {
        let (app, thread_id) = (Arc::clone(app), thread_id.to_owned());
        let mut taken = Self {
            app,
            thread_id: thread_id.into(),
            content: Vec::with_capacity(input.len()),
            attachments: Vec::new(),
        };
        for (index, piece) in input.into_iter().enumerate() {
            taken.add(index, piece).await?;
        }
        Ok(taken)
    }

    async fn add(&mut self, index: usize, piece: UserInput) -> Result<(), Refusal> {
        let (source, detail) = match piece {
            UserInput::Image { url, detail } if url.starts_with("data:") => (ImageSource::DataUrl(url), detail),
            UserInput::Image { .. } => {
                return Err(Refusal::field(
                    format!("input[{index}].url"),
                    "only data: URLs are taken; nothing is fetched from the network",
                ));
            }
            UserInput::LocalImage { path, detail } => (ImageSource::ClientPath(path.into()), detail),
            piece @ (UserInput::Text { .. } | UserInput::Skill { .. } | UserInput::Mention { .. }) => {
                self.content.push(piece);
                return Ok(());
            }
        };
        let taken = self.app.store.import_image(&self.thread_id, source).await;
        let attachment = taken.map_err(|refused| Refusal::source(format!("input[{index}]"), refused))?;
        self.content.push(UserInput::LocalImage { path: attachment.path.clone(), detail });
        self.attachments.push(attachment);
        Ok(())
    }

    pub(crate) fn content(&self) -> &[UserInput] {
        &self.content
    }

    pub(crate) fn attachments(&self) -> &[Attachment] {
        &self.attachments
    }

    /// Keeps the images: the message was accepted.
    pub(crate) fn accept(mut self) {
        self.attachments.clear();
    }
}

impl Drop for TakenIn {
    fn drop(&mut self) {
        let images: Vec<ImageId> = self.attachments.drain(..).map(|image| image.id).collect();
        // Without a runtime the process ends, and the next start removes them.
        let (false, Ok(runtime)) = (images.is_empty(), tokio::runtime::Handle::try_current()) else { return };
        let (app, thread_id) = (Arc::clone(&self.app), std::mem::take(&mut self.thread_id));
        let discard = async move {
            if let Err(error) = app.store.discard_attachments(&thread_id, images).await {
                tracing::warn!(%thread_id, %error, "images of a refused message stay until the next start");
            }
        };
        self.app.tasks.spawn_on(discard, &runtime);
    }
}
