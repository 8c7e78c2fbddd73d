use std::sync::Arc;

use easel_protocol::image::{ImageListParams, ImageListResponse};
use easel_protocol::method::ImageList;

use crate::images::Images;
use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};

impl Handler for ImageList {
    type Service = Images;

    async fn handle(
        images: Arc<Images>,
        cx: RequestContext,
        params: ImageListParams,
    ) -> HandlerResult<ImageListResponse> {
        Ok(HandlerOutput::new(images.list(params, cx.client.owner()).await?))
    }
}
