//! One image call: references in, pictures drawn, files staged. Everything here blocks.

use std::io::{self, Read, Write};

use easel_imagegen::port::{Files, ImageJob, Made, MadeImage, Reference, image_error};
use easel_protocol::record::{AppliedImage, ImageError, ImageErrorKind};

use crate::draw::{self, DrawError, Picture};
use crate::wish;

/// Most pictures of one call.
pub(crate) const MAX_N: u32 = 4;
/// A reference is read up to this many bytes; the rest of a larger one is missing, and its inset says that it is broken.
const MAX_REFERENCE_BYTES: u64 = 64 << 20;

/// Draws every picture that `job` asks for and stages it.
pub(crate) fn make<F: Files>(job: &ImageJob, files: &F) -> Result<Made<F::Staged>, ImageError> {
    let parameters = &job.requested.parameters;
    let invalid = |message: String| image_error(ImageErrorKind::InvalidArguments, message);
    let (width, height) = wish::size(parameters.size.as_deref()).map_err(invalid)?;
    let transparent = parameters.background.as_deref() == Some("transparent");
    let count = parameters.n.unwrap_or(1).clamp(1, MAX_N);
    let bytes = job.references.iter().map(|image| read(files, image)).collect::<Result<Vec<_>, _>>()?;
    let references: Vec<draw::Reference<'_>> = bytes.iter().map(|bytes| draw::Reference { bytes }).collect();
    let applied = AppliedImage {
        size: Some(format!("{width}x{height}")),
        quality: None,
        background: Some(if transparent { "transparent" } else { "opaque" }.to_owned()),
        output_format: Some("png".to_owned()),
        n: Some(count),
    };
    let one = |variant: u32| {
        let prompt = job.requested.prompt.as_str();
        let picture = Picture { prompt, width, height, transparent, variant, references: &references };
        let png = draw::draw(&picture).map_err(|error| draw_error(&error))?;
        let staged = stage(files, &png).map_err(|error| {
            image_error(ImageErrorKind::Storage, format!("the picture could not be stored: {error}"))
        })?;
        Ok(MadeImage { staged, revised_prompt: None, applied: applied.clone() })
    };
    let images = (0..count).map(one).collect::<Result<Vec<_>, ImageError>>()?;
    Ok(Made { images, usage: None, request_id: None, generation_id: None, attempts: 1 })
}

fn read<F: Files>(files: &F, image: &Reference) -> Result<Vec<u8>, ImageError> {
    let mut bytes = Vec::new();
    let read = files.open(image).and_then(|reader| reader.take(MAX_REFERENCE_BYTES).read_to_end(&mut bytes));
    read.map(|_| bytes).map_err(|error| {
        let name = image.id.clone().unwrap_or_else(|| image.path.display().to_string());
        let gone = error.kind() == io::ErrorKind::NotFound;
        let kind = if gone { ImageErrorKind::ReferenceNotFound } else { ImageErrorKind::Storage };
        image_error(kind, format!("the image {name} could not be read: {error}"))
    })
}

fn stage<F: Files>(files: &F, png: &[u8]) -> io::Result<F::Staged> {
    let mut writer = files.create()?;
    writer.write_all(png)?;
    files.stage(writer)
}

fn draw_error(error: &DrawError) -> ImageError {
    let kind = match error {
        DrawError::Size { .. } => ImageErrorKind::InvalidArguments,
        DrawError::Encode(_) => ImageErrorKind::Internal,
    };
    image_error(kind, error.to_string())
}
