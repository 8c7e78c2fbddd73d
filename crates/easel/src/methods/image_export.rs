use easel_protocol::image::{ImageExportParams, ImageExportResponse};
use easel_protocol::method::ImageExport;
use easel_store::{ExistingFile, ExportError};

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

impl Handler for ImageExport {
    async fn handle(cx: Cx, params: ImageExportParams) -> Result<Answer<ImageExportResponse>, Refusal> {
        let ImageExportParams { image_id, path, overwrite } = params;
        let existing = if overwrite == Some(true) { ExistingFile::Replace } else { ExistingFile::Keep };
        let exporting = cx.app.store.export_image(&image_id, path.into(), cx.app.cwd.clone(), existing);
        let exported = exporting.await.map_err(|refused| match refused {
            ExportError::ImageNotFound => Refusal::ImageNotFound(image_id),
            ExportError::Path(reason) => Refusal::field("path", reason),
            ExportError::Storage(error) => Refusal::Storage(error),
        })?;
        Ok(Answer::new(ImageExportResponse { path: exported.path.display().to_string(), bytes: exported.bytes }))
    }
}
