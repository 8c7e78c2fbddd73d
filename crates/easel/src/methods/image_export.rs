use std::sync::Arc;

use easel_protocol::image::{ImageExportParams, ImageExportResponse};
use easel_protocol::method::ImageExport;
use easel_store::ExistingFile;

use crate::images::Images;
use crate::requests::{Handler, HandlerOutput, HandlerResult, RequestContext};

impl Handler for ImageExport {
    type Service = Images;

    async fn handle(
        images: Arc<Images>,
        _cx: RequestContext,
        params: ImageExportParams,
    ) -> HandlerResult<ImageExportResponse> {
        let ImageExportParams { image_id, path, overwrite } = params;
        let existing = if overwrite == Some(true) { ExistingFile::Replace } else { ExistingFile::Keep };
        let (path, bytes) = images.export(image_id, path, existing).await?;
        Ok(HandlerOutput::new(ImageExportResponse { path: path.display().to_string(), bytes }))
    }
}
