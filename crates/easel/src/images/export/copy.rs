//! `image/export`: one file.

use easel_picture::{Color, Fit, Picture, Transform};
use easel_protocol::image::{ExportFormat, ImageExportParams, ImageExportResponse};
use easel_protocol::record::MediaType;

use super::workers::{Rendered, decode};
use super::{ExportFailure, background, existing, fit, hex_digest};
use crate::images::Images;
use crate::requests::RequestError;

/// The most pixels of a side.
const MAX_SIDE: u32 = 16_384;
/// The most pixels of padding on a side, half of the longest side.
const MAX_PADDING: u32 = MAX_SIDE / 2 - 1;
const DEFAULT_QUALITY: u8 = 90;

/// The picture that the params ask for.
#[derive(Debug, Clone, Copy)]
struct Conversion {
    transform: Transform,
    format: Option<ExportFormat>,
    quality: Option<u8>,
}

impl Images {
    /// Copies an image to a path, or writes a picture made from it.
    ///
    /// # Errors
    /// [`RequestError::ImageNotFound`], [`RequestError::BadField`] for a path that cannot be written or a picture that
    /// cannot be made, [`RequestError::NotExported`], and those of the store.
    pub(crate) async fn export(&self, params: ImageExportParams) -> Result<ImageExportResponse, RequestError> {
        let conversion = Conversion::new(&params)?;
        let ImageExportParams { image_id, path, overwrite, .. } = params;
        let existing = existing(overwrite);
        let image = self.stored_image(&image_id).await?;
        let facts = image.facts().clone();
        if !conversion.changes(facts.media_type) {
            let copied = self.store.export_image(&image_id, path.into(), self.cwd.clone(), existing).await;
            let copied = copied.map_err(|error| RequestError::export(error, image_id))?;
            let (path, bytes) = (copied.path.display().to_string(), copied.bytes);
            let (width, height, sha256) = (facts.width, facts.height, facts.sha256);
            return Ok(ImageExportResponse { path, bytes, width, height, sha256 });
        }
        let media_type = conversion.media_type(facts.media_type)?;
        let path = self.store.check_export(path.into(), self.cwd.clone(), media_type, existing).await;
        let path = path.map_err(|error| RequestError::export(error, image_id.clone()))?;
        let render = move |files: Vec<_>| {
            let file = files.into_iter().next().ok_or(ExportFailure::Panic)?;
            let picture = decode(file)?.transform(&conversion.transform)?;
            let bytes = conversion.encode(&picture, media_type)?;
            Ok(((picture.width, picture.height), hex_digest(&bytes), bytes))
        };
        let rendered = self.exports.run(vec![image.path().to_owned()], render).await;
        let Rendered { output: ((width, height), sha256, bytes), worker } =
            rendered.map_err(|error| RequestError::export_failure(error, &image_id))?;
        let written = self.store.write_export(path, bytes, existing).await;
        drop(worker);
        let written = written.map_err(|error| RequestError::export(error, image_id))?;
        let (path, bytes) = (written.path.display().to_string(), written.bytes);
        Ok(ImageExportResponse { path, bytes, width, height, sha256 })
    }
}

impl Conversion {
    /// Checks the params.
    fn new(params: &ImageExportParams) -> Result<Self, RequestError> {
        let &ImageExportParams { width, height, format, quality, trim, padding, .. } = params;
        for (field, side) in [("width", width), ("height", height)] {
            if side.is_some_and(|side| !(1..=MAX_SIDE).contains(&side)) {
                return Err(RequestError::field(field, format!("must be between 1 and {MAX_SIDE}")));
            }
        }
        if quality.is_some_and(|quality| !(1..=100).contains(&quality)) {
            return Err(RequestError::field("quality", "must be between 1 and 100"));
        }
        if padding.is_some_and(|padding| padding > MAX_PADDING) {
            return Err(RequestError::field("padding", format!("must be between 0 and {MAX_PADDING}")));
        }
        let background: Option<Color> = background(params.background.as_deref())?;
        let fit: Fit = fit(params.fit);
        let (trim, padding) = (trim == Some(true), padding.unwrap_or(0));
        let transform = Transform { trim, width, height, fit, padding, background };
        Ok(Self { transform, format, quality })
    }

    /// Returns whether the copy of an image in this format is another picture than the image.
    fn changes(&self, image: MediaType) -> bool {
        let Transform { trim, width, height, fit: _, padding, background } = self.transform;
        let is_other_picture = trim || padding > 0 || background.is_some() || width.or(height).is_some();
        is_other_picture || self.quality.is_some() || self.format.is_some_and(|format| media_type(format) != image)
    }

    /// Returns the format of the copy of an image.
    fn media_type(&self, image: MediaType) -> Result<MediaType, RequestError> {
        let media_type = self.format.map_or(image, media_type);
        if media_type == MediaType::Gif {
            return Err(RequestError::field("format", "is required, since a GIF cannot be written"));
        }
        if self.quality.is_some() && media_type != MediaType::Jpeg {
            return Err(RequestError::field("quality", "is for JPEG only; PNG and WebP are written without loss"));
        }
        Ok(media_type)
    }

    fn encode(&self, picture: &Picture, media_type: MediaType) -> Result<Vec<u8>, ExportFailure> {
        Ok(match media_type {
            MediaType::Jpeg if !picture.is_opaque() => {
                let reason = "is required: the picture has transparent pixels, which a JPEG cannot have";
                return Err(ExportFailure::field("background", reason));
            }
            MediaType::Jpeg => picture.to_jpeg(self.quality.unwrap_or(DEFAULT_QUALITY))?,
            MediaType::Webp => picture.to_webp()?,
            MediaType::Png | MediaType::Gif => picture.to_png()?,
        })
    }
}

fn media_type(format: ExportFormat) -> MediaType {
    match format {
        ExportFormat::Png => MediaType::Png,
        ExportFormat::Jpeg => MediaType::Jpeg,
        ExportFormat::Webp => MediaType::Webp,
    }
}
