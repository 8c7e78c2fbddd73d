//! Makes an image from an edit and the image that was edited.

use easel_picture::MAX_FEATHER;
use easel_protocol::id::ImageId;
use easel_protocol::image::{ImageCompositeParams, ImageEntry};
use easel_protocol::record::{ImageRecord, InputImage};
use easel_store::{CompositeSources, StoredImage};

use super::Images;
use crate::requests::RequestError;

impl Images {
    /// Makes a new image, which has exactly the pixels of the base outside the mask, and returns its record. The edit
    /// stays as it is.
    ///
    /// # Errors
    /// [`RequestError::ImageNotFound`], [`RequestError::ImageDeleted`], [`RequestError::BadField`] for a feather out of
    /// range and for a base or a mask that the record does not name, [`RequestError::NoComposite`] with the reason,
    /// [`RequestError::TurnRunning`] and [`RequestError::ThreadInUse`] while a turn runs in this or another process,
    /// and those of the store.
    pub(crate) async fn composite(&self, params: ImageCompositeParams) -> Result<ImageRecord, RequestError> {
        let ImageCompositeParams { image_id, base_id, mask_id, feather } = params;
        if feather.is_some_and(|feather| feather > MAX_FEATHER) {
            return Err(RequestError::field("feather", format!("must be between 0 and {MAX_FEATHER}")));
        }
        let edit = self.find_edit(&image_id).await?;
        let base_id = base_id.or_else(|| recorded_base(&edit.image)).ok_or_else(|| missing("baseId"))?;
        let recorded_mask = || edit.image.mask.as_ref().and_then(|mask| mask.id.clone());
        let mask_id = mask_id.or_else(recorded_mask).ok_or_else(|| missing("maskId"))?;
        let sources =
            CompositeSources { base: self.find_input(base_id).await?, mask: self.find_input(mask_id).await?, feather };
        let thread_id = edit.thread_id.clone();
        let _guard = self.queue.enter(&thread_id).await;
        self.loaded.actors.wait_until_idle(&thread_id).await?;
        let lease = self.loaded.leases.acquire_images(&thread_id).await?;
        // The next turn reads the images of the thread again, so that an edit that names none finds the newest one.
        let made = match self.loaded.actors.evict(&thread_id) {
            Ok(()) => {
                let made = self.store.composite_image(edit, sources).await;
                made.map_err(|error| RequestError::composite(error, image_id))
            }
            Err(error) => Err(error),
        };
        lease.end().await;
        made
    }

    /// Returns what a record says of an image that another one was made from.
    async fn find_input(&self, image_id: ImageId) -> Result<InputImage, RequestError> {
        let image = self.find_kept(&image_id).await?;
        let (path, sha256) = (image.path().to_string_lossy().into_owned(), image.facts().sha256.clone());
        Ok(InputImage { id: Some(image_id), path, sha256 })
    }

    async fn find_edit(&self, image_id: &ImageId) -> Result<Box<ImageEntry>, RequestError> {
        match self.store.find_image(image_id).await? {
            Some(StoredImage::Generated(entry)) if entry.image.deleted => {
                Err(RequestError::ImageDeleted(image_id.clone()))
            }
            Some(StoredImage::Generated(entry)) => Ok(entry),
            Some(StoredImage::Attached { .. }) | None => Err(RequestError::ImageNotFound(image_id.clone())),
        }
    }
}

/// Returns the image that an image was edited from, as its record says.
fn recorded_base(record: &ImageRecord) -> Option<ImageId> {
    let reported = record.edit.as_ref().map(|edit| edit.base.clone());
    reported.or_else(|| record.inputs.first().and_then(|input| input.id.clone()))
}

fn missing(field: &str) -> RequestError {
    RequestError::field(field, "is required: the record of the image does not name one")
}
