//! Sheets of several images, with a list of where each of them is.

use std::fs::File;

use easel_picture::{Color, Fit, Picture, Sheet, Transform};
use easel_protocol::id::ImageId;
use serde::Serialize;

use super::icons::Square;
use super::workers::decode;
use super::{ExportFailure, Output};

/// The most pixels of all pictures together, and of the sheet.
const MAX_PIXELS: u64 = 32 << 20;

/// How the pictures of a sheet are made.
#[derive(Debug, Clone, Copy)]
pub(super) struct SpriteOptions {
    /// The side of each picture in pixels; without it, pictures keep their size.
    pub(super) side: Option<u32>,
    pub(super) fit: Fit,
    pub(super) background: Option<Color>,
}

/// What the JSON file says about the sheet.
#[derive(Serialize)]
struct SheetFile<'a> {
    image: &'a str,
    width: u32,
    height: u32,
    frames: Vec<Frame<'a>>,
}

/// The rectangle of an image on the sheet.
#[derive(Serialize)]
struct Frame<'a> {
    name: &'a str,
    x: u32,
    y: u32,
    w: u32,
    h: u32,
}

/// Makes the sheet and its JSON file.
pub(super) fn sprites(
    files: Vec<File>,
    images: &[ImageId],
    name: &str,
    options: SpriteOptions,
) -> Result<Vec<Output>, ExportFailure> {
    let too_large = || {
        let reason = format!("are too large together: a sheet has at most {MAX_PIXELS} pixels, and sides of 8192");
        ExportFailure::field("imageIds", reason)
    };
    let (mut pictures, mut pixels) = (Vec::with_capacity(files.len()), 0);
    for file in files {
        let picture = options.make(decode(file)?)?;
        pixels += u64::from(picture.width) * u64::from(picture.height);
        if pixels > MAX_PIXELS {
            return Err(too_large());
        }
        pictures.push(picture);
    }
    let sizes: Vec<_> = pictures.iter().map(|picture| (picture.width, picture.height)).collect();
    let sheet = Sheet::arrange(&sizes).ok_or_else(too_large)?;
    if u64::from(sheet.width) * u64::from(sheet.height) > MAX_PIXELS {
        return Err(too_large());
    }
    let mut whole = Picture::blank(sheet.width, sheet.height, options.background);
    whole.icc_profile = pictures.first().and_then(|picture| picture.icc_profile.clone());
    let mut frames = Vec::with_capacity(pictures.len());
    for ((picture, &(x, y)), image) in pictures.iter().zip(&sheet.positions).zip(images) {
        if picture.icc_profile != whole.icc_profile {
            return Err(ExportFailure::field("imageIds", "have different color profiles, and a sheet has one"));
        }
        whole.place(picture, x, y);
        frames.push(Frame { name: image, x, y, w: picture.width, h: picture.height });
    }
    let image = format!("{name}.png");
    let file = SheetFile { image: &image, width: sheet.width, height: sheet.height, frames };
    let mut json = serde_json::to_vec_pretty(&file).map_err(|_| ExportFailure::Panic)?;
    json.push(b'\n');
    let list = Output { path: format!("{name}.json").into(), size: None, bytes: json };
    Ok(vec![Output::png(&image, &whole)?, list])
}

impl SpriteOptions {
    fn make(&self, picture: Picture) -> Result<Picture, ExportFailure> {
        match self.side {
            Some(side) => Square::new(picture, self.fit, self.background)?.scale_on_background(side),
            None => Ok(picture.transform(&Transform { background: self.background, ..Transform::default() })?),
        }
    }
}
