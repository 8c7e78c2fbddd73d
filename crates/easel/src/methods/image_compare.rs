use std::sync::Arc;

use easel_protocol::image::{ImageCompareParams, ImageCompareResponse};
use easel_protocol::method::ImageCompare;

use crate::images::Images;
use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};

impl Handler for ImageCompare {
    type Service = Images;

    fn max_response_bytes(params: &ImageCompareParams) -> Option<usize> {
        Images::max_compare_bytes(params)
    }

    async fn handle(
        images: Arc<Images>,
        _cx: RequestContext,
        params: ImageCompareParams,
    ) -> HandlerResult<ImageCompareResponse> {
        Ok(HandlerOutput::new(images.compare(params).await?))
    }
}
