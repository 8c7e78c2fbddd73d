use std::sync::Arc;

use easel_protocol::image::{ImageReadParams, ImageReadResponse};
use easel_protocol::method::ImageRead;

use crate::images::Images;
use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};

impl Handler for ImageRead {
    type Service = Images;

    fn max_response_bytes(params: &ImageReadParams) -> Option<usize> {
        Images::max_read_bytes(params)
    }

    async fn handle(
        images: Arc<Images>,
        cx: RequestContext,
        params: ImageReadParams,
    ) -> HandlerResult<ImageReadResponse> {
        Ok(HandlerOutput::new(images.read(params, cx.client.owner()).await?))
    }
}
