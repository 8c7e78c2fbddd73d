use std::sync::Arc;

use easel_protocol::image::{ImageCompositeParams, ImageCompositeResponse};
use easel_protocol::method::ImageComposite;

use crate::images::Images;
use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};

impl Handler for ImageComposite {
    type Service = Images;

    async fn handle(
        images: Arc<Images>,
        _cx: RequestContext,
        params: ImageCompositeParams,
    ) -> HandlerResult<ImageCompositeResponse> {
        Ok(HandlerOutput::new(ImageCompositeResponse { image: images.composite(params).await? }))
    }
}
