//! The formats of the image files that commands write.

use std::path::Path;

use easel_protocol::image::ExportFormat;
use easel_protocol::record::MediaType;

use super::UsageError;

/// Returns the format that the extension of a file names.
///
/// # Errors
/// No format that can be written has the extension.
pub(crate) fn of_extension(path: &Path) -> Result<ExportFormat, UsageError> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "png" => Ok(ExportFormat::Png),
        "jpg" | "jpeg" => Ok(ExportFormat::Jpeg),
        "webp" => Ok(ExportFormat::Webp),
        "avif" => Err(UsageError("AVIF cannot be written; use .webp, .png or .jpg".to_owned())),
        _ => Err(UsageError(format!("{} needs the extension .png, .jpg or .webp", path.display()))),
    }
}

/// Returns the media type of the files that have this format.
pub(crate) const fn media_type(format: ExportFormat) -> MediaType {
    match format {
        ExportFormat::Png => MediaType::Png,
        ExportFormat::Jpeg => MediaType::Jpeg,
        ExportFormat::Webp => MediaType::Webp,
    }
}
