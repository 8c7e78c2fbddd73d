use std::sync::Arc;

use easel_protocol::image::{ImageExportParams, ImageExportResponse};
use easel_protocol::method::ImageExport;

use crate::images::Images;
use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};

impl Handler for ImageExport {
    type Service = Images;

    async fn handle(
        images: Arc<Images>,
        _cx: RequestContext,
        params: ImageExportParams,
    ) -> HandlerResult<ImageExportResponse> {
        Ok(HandlerOutput::new(images.export(params).await?))
    }
}
