use std::sync::Arc;

use easel_protocol::image::{ImageExportSetParams, ImageExportSetResponse};
use easel_protocol::method::ImageExportSet;

use crate::images::Images;
use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};

impl Handler for ImageExportSet {
    type Service = Images;

    async fn handle(
        images: Arc<Images>,
        _cx: RequestContext,
        params: ImageExportSetParams,
    ) -> HandlerResult<ImageExportSetResponse> {
        Ok(HandlerOutput::new(images.export_set(params).await?))
    }
}
