//! Runs one image job: reads the references, draws the pictures and stages their files. Everything here blocks.

use std::io::{self, Read, Write};

use easel_imagegen::port::{Files, GeneratedImage, GeneratedImages, ImageJob, Preview, Reference, image_error};
use easel_protocol::record::{AppliedImage, ImageError, ImageErrorKind};

use crate::draw::{self, DrawError, MAX_SIDE, MIN_SIDE, Picture};
use crate::size;

/// Maximum number of pictures of one call.
pub(crate) const MAX_N: u32 = 4;
/// Maximum number of bytes to read of a reference. A larger one is truncated, and its inset shows it as broken.
const MAX_REFERENCE_BYTES: u64 = 64 << 20;

/// A job with its references in memory.
struct LoadedJob<'j> {
    prompt: &'j str,
    width: u32,
    height: u32,
    transparent: bool,
    references: Vec<Vec<u8>>,
}

impl<'j> LoadedJob<'j> {
    fn load<F: Files>(job: &'j ImageJob, files: &F) -> Result<Self, ImageError> {
        let parameters = &job.requested.parameters;
        let requested = size::parse(parameters.size.as_deref())
            .map_err(|error| image_error(ImageErrorKind::InvalidArguments, error.to_string()))?;
        let references = job.references.iter().map(|image| read(files, image)).collect::<Result<Vec<_>, _>>()?;
        let mut loaded = Self {
            prompt: &job.requested.prompt,
            width: requested.0,
            height: requested.1,
            transparent: parameters.background.as_deref() == Some("transparent"),
            references,
        };
        loaded.inherit(job);
        Ok(loaded)
    }

    /// Takes the size and the background that the call leaves open from the picture that it edits.
    fn inherit(&mut self, job: &ImageJob) {
        let index = draw::find_edited(self.prompt, &self.draw_references());
        let Some(facts) = index.and_then(|index| job.references.get(index)).map(|edited| &edited.facts) else { return };
        let parameters = &job.requested.parameters;
        let is_drawable = |side: u32| (MIN_SIDE..=MAX_SIDE).contains(&side);
        if parameters.size.as_deref().is_none_or(|size| size == "auto")
            && is_drawable(facts.width)
            && is_drawable(facts.height)
        {
            (self.width, self.height) = (facts.width, facts.height);
        }
        if parameters.background.as_deref().is_none_or(|background| background == "auto") {
            self.transparent = facts.has_alpha;
        }
    }

    fn draw_references(&self) -> Vec<draw::Reference<'_>> {
        self.references.iter().map(|bytes| draw::Reference { bytes }).collect()
    }

    fn draw(&self, variant: u32, grain: u32) -> Result<Vec<u8>, ImageError> {
        let references = self.draw_references();
        let Self { prompt, width, height, transparent, .. } = *self;
        let picture = Picture { prompt, width, height, transparent, variant, grain, references: &references };
        draw::draw(&picture).map_err(|error| draw_error(&error))
    }
}

/// Draws and stages all pictures of a job.
///
/// # Errors
/// An invalid size, a reference that cannot be read, or a full disk.
pub(crate) fn draw_all<F: Files>(job: &ImageJob, files: &F) -> Result<GeneratedImages, ImageError> {
    let loaded = LoadedJob::load(job, files)?;
    let count = job.requested.parameters.n.unwrap_or(1).clamp(1, MAX_N);
    let applied = AppliedImage {
        size: Some(format!("{}x{}", loaded.width, loaded.height)),
        quality: None,
        background: Some(if loaded.transparent { "transparent" } else { "opaque" }.to_owned()),
        output_format: Some("png".to_owned()),
        n: Some(count),
    };
    let draw_one = |variant: u32| {
        let staged = write(files, &loaded.draw(variant, 1)?).and_then(|writer| files.stage(writer));
        let staged = staged.map_err(|error| storage_error(&error))?;
        Ok(GeneratedImage { staged, revised_prompt: None, applied: applied.clone(), edit: None })
    };
    let images = (0..count).map(draw_one).collect::<Result<Vec<_>, ImageError>>()?;
    Ok(GeneratedImages { images, usage: None, request_id: None, generation_id: None, attempts: 1, missing: None })
}

/// Draws and stages a coarse preview of a job's picture. The shorter side has 16 squares at stage 0, and twice as many
/// at each later stage.
///
/// # Errors
/// Those of [`draw_all`].
pub(crate) fn draw_preview<F: Files>(job: &ImageJob, files: &F, stage: u32) -> Result<Preview, ImageError> {
    let loaded = LoadedJob::load(job, files)?;
    let grain = (loaded.width.min(loaded.height) / (16 << stage.min(4))).max(2);
    let staged = write(files, &loaded.draw(0, grain)?).and_then(|writer| files.stage_preview(writer));
    Ok(Preview { index: stage, staged: staged.map_err(|error| storage_error(&error))? })
}

fn read<F: Files>(files: &F, image: &Reference) -> Result<Vec<u8>, ImageError> {
    let mut bytes = Vec::new();
    let read = files.open(image).and_then(|reader| reader.take(MAX_REFERENCE_BYTES).read_to_end(&mut bytes));
    read.map(|_| bytes).map_err(|error| {
        let name = image.id.as_ref().map_or_else(|| image.path.display().to_string(), ToString::to_string);
        let gone = error.kind() == io::ErrorKind::NotFound;
        let kind = if gone { ImageErrorKind::ReferenceNotFound } else { ImageErrorKind::Storage };
        image_error(kind, format!("could not read the image {name}: {error}"))
    })
}

fn write<F: Files>(files: &F, png: &[u8]) -> io::Result<F::Writer> {
    let mut writer = files.create()?;
    writer.write_all(png)?;
    Ok(writer)
}

fn storage_error(error: &io::Error) -> ImageError {
    image_error(ImageErrorKind::Storage, format!("could not store the picture: {error}"))
}

fn draw_error(error: &DrawError) -> ImageError {
    let kind = match error {
        DrawError::Size { .. } => ImageErrorKind::InvalidArguments,
        DrawError::Encode(_) => ImageErrorKind::Internal,
    };
    image_error(kind, error.to_string())
}
