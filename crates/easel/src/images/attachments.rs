//! Stores the images of a user message.

use easel_imagegen::port::{ImageSource, Store};
use easel_protocol::id::{ImageId, ThreadId};
use easel_protocol::input::UserInput;
use easel_protocol::record::Attachment;
use easel_store::EaselStore;
use tokio_util::task::TaskTracker;

use super::Images;
use crate::requests::RequestError;

/// A user message whose images are copied into the store. The copies are removed again unless the message is accepted.
pub(crate) struct Attachments {
    store: EaselStore,
    tasks: TaskTracker,
    thread_id: ThreadId,
    /// The message, with images as files of the store.
    content: Vec<UserInput>,
    /// The images of the message, in order.
    images: Vec<Attachment>,
}

impl Images {
    /// Copies the images of `input` into the store: the client may delete its own as soon as it has the response.
    ///
    /// # Errors
    /// [`RequestError::BadField`] for an image that cannot be read or is not allowed, and those of the store.
    pub(crate) async fn store_attachments(
        &self,
        thread_id: &str,
        input: Vec<UserInput>,
    ) -> Result<Attachments, RequestError> {
        let mut attachments = Attachments {
            store: self.store.clone(),
            tasks: self.tasks.clone(),
            thread_id: thread_id.into(),
            content: Vec::with_capacity(input.len()),
            images: Vec::new(),
        };
        for (index, part) in input.into_iter().enumerate() {
            attachments.add(index, part).await?;
        }
        Ok(attachments)
    }
}

impl Attachments {
    async fn add(&mut self, index: usize, part: UserInput) -> Result<(), RequestError> {
        let (source, detail) = match part {
            UserInput::Image { url, detail } if url.starts_with("data:") => (ImageSource::DataUrl(url), detail),
            UserInput::Image { .. } => {
                let reason = "must be a data: URL; nothing is fetched from the network";
                return Err(RequestError::field(format!("input[{index}].url"), reason));
            }
            UserInput::LocalImage { path, detail } => (ImageSource::ClientPath(path.into()), detail),
            part @ (UserInput::Text { .. } | UserInput::Skill { .. } | UserInput::Mention { .. }) => {
                self.content.push(part);
                return Ok(());
            }
        };
        let imported = self.store.import_image(&self.thread_id, source).await;
        let image = imported.map_err(|error| RequestError::source(format!("input[{index}]"), error))?;
        self.content.push(UserInput::LocalImage { path: image.path.clone(), detail });
        self.images.push(image);
        Ok(())
    }

    /// Returns the message, with images as files of the store.
    pub(crate) fn content(&self) -> &[UserInput] {
        &self.content
    }

    /// Returns the images of the message, in order.
    pub(crate) fn images(&self) -> &[Attachment] {
        &self.images
    }

    /// Keeps the images, because the message was accepted.
    pub(crate) fn accept(mut self) {
        self.images.clear();
    }
}

impl Drop for Attachments {
    fn drop(&mut self) {
        let images: Vec<ImageId> = self.images.drain(..).map(|image| image.id).collect();
        // Without a runtime the process is exiting, and the next start removes the images.
        let (false, Ok(runtime)) = (images.is_empty(), tokio::runtime::Handle::try_current()) else { return };
        let (store, thread_id) = (self.store.clone(), std::mem::take(&mut self.thread_id));
        let discard = async move {
            if let Err(error) = store.discard_attachments(&thread_id, images).await {
                tracing::warn!(%thread_id, %error, "images of a refused message could not be removed");
            }
        };
        self.tasks.spawn_on(discard, &runtime);
    }
}
