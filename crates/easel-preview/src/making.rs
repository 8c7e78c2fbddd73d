//! One image call: references in, pictures drawn, files staged. Everything here blocks.

use std::io::{self, Read, Write};

use easel_imagegen::port::{Files, GeneratedImage, GeneratedImages, ImageJob, Preview, Reference, image_error};
use easel_protocol::record::{AppliedImage, ImageError, ImageErrorKind};

use crate::draw::{self, DrawError, Picture};
use crate::wish;

/// Most pictures of one call.
pub(crate) const MAX_N: u32 = 4;
/// A reference is read up to this many bytes; the rest of a larger one is missing, and its inset says that it is broken.
const MAX_REFERENCE_BYTES: u64 = 64 << 20;

/// What a job asks for, with its references read.
struct Order<'j> {
    prompt: &'j str,
    width: u32,
    height: u32,
    transparent: bool,
    references: Vec<Vec<u8>>,
}

impl<'j> Order<'j> {
    fn of<F: Files>(job: &'j ImageJob, files: &F) -> Result<Self, ImageError> {
        let parameters = &job.requested.parameters;
        let invalid = |message: String| image_error(ImageErrorKind::InvalidArguments, message);
        let (width, height) = wish::size(parameters.size.as_deref()).map_err(invalid)?;
        let transparent = parameters.background.as_deref() == Some("transparent");
        let references = job.references.iter().map(|image| read(files, image)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { prompt: &job.requested.prompt, width, height, transparent, references })
    }

    fn draw(&self, variant: u32, grain: u32) -> Result<Vec<u8>, ImageError> {
        let references: Vec<_> = self.references.iter().map(|bytes| draw::Reference { bytes }).collect();
        let Self { prompt, width, height, transparent, .. } = *self;
        let picture = Picture { prompt, width, height, transparent, variant, grain, references: &references };
        draw::draw(&picture).map_err(|error| draw_error(&error))
    }
}

/// Draws every picture that `job` asks for and stages it.
pub(crate) fn make<F: Files>(job: &ImageJob, files: &F) -> Result<GeneratedImages, ImageError> {
    let order = Order::of(job, files)?;
    let count = job.requested.parameters.n.unwrap_or(1).clamp(1, MAX_N);
    let applied = AppliedImage {
        size: Some(format!("{}x{}", order.width, order.height)),
        quality: None,
        background: Some(if order.transparent { "transparent" } else { "opaque" }.to_owned()),
        output_format: Some("png".to_owned()),
        n: Some(count),
    };
    let one = |variant: u32| {
        let staged = written(files, &order.draw(variant, 1)?).and_then(|writer| files.stage(writer));
        let staged = staged.map_err(|error| not_stored(&error))?;
        Ok(GeneratedImage { staged, revised_prompt: None, applied: applied.clone() })
    };
    let images = (0..count).map(one).collect::<Result<Vec<_>, ImageError>>()?;
    Ok(GeneratedImages { images, usage: None, request_id: None, generation_id: None, attempts: 1, missing: None })
}

/// Draws the picture of `job` coarsely: in 16 rows or columns at first, with twice as many at each stage after.
pub(crate) fn preview<F: Files>(job: &ImageJob, files: &F, stage: u32) -> Result<Preview, ImageError> {
    let order = Order::of(job, files)?;
    let grain = (order.width.min(order.height) / (16 << stage.min(4))).max(2);
    let staged = written(files, &order.draw(0, grain)?).and_then(|writer| files.stage_preview(writer));
    Ok(Preview { index: stage, staged: staged.map_err(|error| not_stored(&error))? })
}

fn read<F: Files>(files: &F, image: &Reference) -> Result<Vec<u8>, ImageError> {
    let mut bytes = Vec::new();
    let read = files.open(image).and_then(|reader| reader.take(MAX_REFERENCE_BYTES).read_to_end(&mut bytes));
    read.map(|_| bytes).map_err(|error| {
        let name = image.id.as_ref().map_or_else(|| image.path.display().to_string(), ToString::to_string);
        let gone = error.kind() == io::ErrorKind::NotFound;
        let kind = if gone { ImageErrorKind::ReferenceNotFound } else { ImageErrorKind::Storage };
        image_error(kind, format!("the image {name} could not be read: {error}"))
    })
}

fn written<F: Files>(files: &F, png: &[u8]) -> io::Result<F::Writer> {
    let mut writer = files.create()?;
    writer.write_all(png)?;
    Ok(writer)
}

fn not_stored(error: &io::Error) -> ImageError {
    image_error(ImageErrorKind::Storage, format!("the picture could not be stored: {error}"))
}

fn draw_error(error: &DrawError) -> ImageError {
    let kind = match error {
        DrawError::Size { .. } => ImageErrorKind::InvalidArguments,
        DrawError::Encode(_) => ImageErrorKind::Internal,
    };
    image_error(kind, error.to_string())
}
