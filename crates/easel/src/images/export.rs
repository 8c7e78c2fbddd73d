//! Exports: copies of images, and pictures made from images, at paths that a client names.

mod copy;
mod error;
mod icons;
mod set;
mod sprites;
mod web;
mod workers;

use std::path::PathBuf;

use easel_picture::{Fit, Picture};
use easel_protocol::id::ImageId;
use easel_protocol::image::{ExportFit, ExportedFile};
use easel_store::{ExistingFile, StoredImage};
use sha2::{Digest, Sha256};

use super::Images;
use crate::requests::RequestError;
use error::ExportFailure;
pub(crate) use workers::ExportWorkers;

/// A file that is ready to be written.
#[derive(Debug)]
struct Output {
    /// The path below the folder of its set.
    path: PathBuf,
    /// Pixels of the largest picture, if the file has one.
    size: Option<(u32, u32)>,
    bytes: Vec<u8>,
}

impl Output {
    fn png(path: impl Into<PathBuf>, picture: &Picture) -> Result<Self, ExportFailure> {
        Ok(Self { path: path.into(), size: Some((picture.width, picture.height)), bytes: picture.to_png()? })
    }

    /// Describes the file. Its path is still the one below the folder of its set.
    fn describe(&self) -> ExportedFile {
        ExportedFile {
            path: self.path.display().to_string(),
            width: self.size.map(|size| size.0),
            height: self.size.map(|size| size.1),
            bytes: self.bytes.len() as u64,
            sha256: hex_digest(&self.bytes),
        }
    }
}

impl Images {
    /// Returns the stored image, unless it was deleted.
    async fn stored_image(&self, image_id: &ImageId) -> Result<StoredImage, RequestError> {
        match self.store.find_image(image_id).await? {
            Some(StoredImage::Generated(entry)) if entry.image.deleted => {
                Err(RequestError::ImageNotFound(image_id.clone()))
            }
            Some(image) => Ok(image),
            None => Err(RequestError::ImageNotFound(image_id.clone())),
        }
    }
}

fn existing(overwrite: Option<bool>) -> ExistingFile {
    if overwrite == Some(true) { ExistingFile::Replace } else { ExistingFile::Keep }
}

fn fit(fit: Option<ExportFit>) -> Fit {
    match fit {
        Some(ExportFit::Contain) => Fit::Contain,
        Some(ExportFit::Cover) => Fit::Cover,
        Some(ExportFit::Refuse) | None => Fit::Refuse,
    }
}

fn background(color: Option<&str>) -> Result<Option<easel_picture::Color>, RequestError> {
    let parse = |color: &str| color.parse().map_err(|_| RequestError::field("background", "must be like #ffffff"));
    color.map(parse).transpose()
}

fn hex_digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
