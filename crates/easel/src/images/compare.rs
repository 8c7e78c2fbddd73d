//! Compares two images of the store.

use std::path::PathBuf;

use easel_protocol::id::ImageId;
use easel_protocol::image::{ImageCompareParams, ImageCompareResponse};
use easel_store::{ComparedFiles, HeatMapBounds, StoredImage};

use super::read::image_preview;
use super::{Images, PreviewBounds};
use crate::requests::RequestError;

impl Images {
    /// Returns the maximum size in bytes of the response to `image/compare`; `None` without a heat map.
    pub(crate) fn max_compare_bytes(params: &ImageCompareParams) -> Option<usize> {
        params.heat_map.map(PreviewBounds::max_base64)
    }

    /// Compares two images, generated or attached.
    ///
    /// # Errors
    /// [`RequestError::ImageNotFound`], [`RequestError::ImageDeleted`], [`RequestError::BadField`] for an invalid size
    /// of the heat map, [`RequestError::NotCompared`], and those of the store.
    pub(crate) async fn compare(&self, params: ImageCompareParams) -> Result<ImageCompareResponse, RequestError> {
        let ImageCompareParams { a, b, mask_id, heat_map } = params;
        let bounds = heat_map.map(|size| PreviewBounds::new(size, "heatMap")).transpose()?;
        let heat_map = bounds.map(|bounds| HeatMapBounds { edge: bounds.edge, bytes: bounds.bytes as usize });
        let mask = match mask_id {
            Some(mask) => Some(self.path_of(mask).await?),
            None => None,
        };
        let files =
            ComparedFiles { base: self.path_of(a.clone()).await?, edited: self.path_of(b.clone()).await?, mask };
        let compared = self.store.compare_images(files, a.clone(), heat_map).await;
        let (report, heat_map) =
            compared.map_err(|error| RequestError::NotCompared { a, b, reason: error.to_string() })?;
        Ok(ImageCompareResponse { report, heat_map: heat_map.as_ref().map(image_preview) })
    }

    /// Returns the path of an image that was not deleted.
    async fn path_of(&self, image_id: ImageId) -> Result<PathBuf, RequestError> {
        Ok(self.find_kept(&image_id).await?.path().to_owned())
    }

    /// Finds an image that was not deleted.
    pub(super) async fn find_kept(&self, image_id: &ImageId) -> Result<StoredImage, RequestError> {
        match self.store.find_image(image_id).await? {
            None => Err(RequestError::ImageNotFound(image_id.clone())),
            Some(StoredImage::Generated(entry)) if entry.image.deleted => {
                Err(RequestError::ImageDeleted(image_id.clone()))
            }
            Some(image) => Ok(image),
        }
    }
}
