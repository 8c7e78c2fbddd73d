//! What differs between an edit and the image that it changes.

use easel_client::ClientError;
use easel_protocol::id::ImageId;
use easel_protocol::image::{ImageCompareParams, ImageCompareResponse, PreviewSize};
use easel_protocol::method::ImageCompare;
use easel_rpc::code;

use super::{Gallery, ReadError};

impl Gallery {
    /// Compares two images, and makes a heat map of this size.
    pub(crate) async fn compare(
        &self,
        (a, b): (ImageId, ImageId),
        mask_id: Option<ImageId>,
        size: PreviewSize,
    ) -> Result<ImageCompareResponse, ReadError> {
        let params = ImageCompareParams { a, b, mask_id, heat_map: Some(size) };
        self.connection.request::<ImageCompare>(&params).await.map_err(|error| match error {
            // The images cannot be compared, and the message says why.
            ClientError::Refused { code: code::INVALID_REQUEST, message } => ReadError::Invalid(message),
            error @ (ClientError::Refused { .. }
            | ClientError::TooLong { .. }
            | ClientError::Closed
            | ClientError::Protocol(_)
            | ClientError::Io(_)) => error.into(),
        })
    }
}
