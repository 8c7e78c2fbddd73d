//! Writes the page with its data in it, as one file that needs no server.

mod contents;
mod embedding;
mod pictures;
mod script;

use std::io::{self, Write};

use easel_protocol::image::ImageEntry;
use easel_protocol::usage::UsageReadResponse;
use serde::Serialize;

use self::contents::{newest_images, only_shown};
use self::embedding::{write_heat_maps, write_pictures};
use self::pictures::{heat_map, pictures};
use self::script::{Counting, Parts, write_element};
use crate::Gallery;
use crate::gallery::{ReadError, ThreadName};
use crate::page;

/// Thumbnails in one element. The page parses an element when one of its thumbnails is shown.
const CHUNK_LEN: usize = 64;

/// What to write.
#[derive(Debug, Clone, Copy)]
pub struct ExportOptions {
    /// The maximum number of images, newest first.
    pub max_images: usize,
    /// The longest edge of a picture in pixels, 16 to 4,096.
    pub max_edge: u32,
    /// The bytes after which no more pictures and heat maps are embedded. Records may take half of them.
    pub max_bytes: u64,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Export {
    /// Images in the file.
    pub images: usize,
    /// Images that are not in the file, because of the maximum number or the size of the records.
    pub has_more: bool,
    /// Images in the file that have no picture, because the file would be too large or theirs cannot be read.
    pub without_picture: usize,
    /// Size of the file in bytes.
    pub bytes: u64,
}

/// Why the page could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The images cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The file cannot be written.
    #[error("the page cannot be written")]
    Write(#[from] io::Error),
}

/// What the script finds in the page.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Snapshot<'a> {
    images: &'a [ImageEntry],
    threads: Vec<ThreadName>,
    usage: UsageReadResponse,
    note: Option<String>,
    chunk_length: usize,
}

/// Writes the page to `out`.
///
/// # Errors
/// See [`ExportError`]. Images that are deleted meanwhile, or cannot be decoded, have no picture.
pub async fn export(gallery: &Gallery, options: ExportOptions, out: impl Write) -> Result<Export, ExportError> {
    let mut out = Counting { out, bytes: 0 };
    let (images, has_more) = newest_images(gallery, options).await?;
    let note = has_more.then(|| match images.len() {
        1 => "This file has the newest image only.".to_owned(),
        number => format!("This file has the newest {number} images only."),
    });
    let (threads, usage) = (gallery.threads().await?, gallery.usage().await?);
    let (threads, usage) = only_shown(&images, threads, usage);
    let snapshot = Snapshot { images: &images, threads, usage, note, chunk_length: CHUNK_LEN };
    let [head, script, tail] = page::offline();
    out.write_all(head.as_bytes())?;
    write_element(&mut out, "snapshot", &snapshot)?;
    out.write_all(script.as_bytes())?;
    let mut without_picture = images.len();
    for (number, chunk) in images.chunks(CHUNK_LEN).enumerate() {
        let list = Parts::list(&mut out, &format!("thumbnails-{number}"))?;
        let make = async |group: &[ImageEntry]| pictures(gallery, group, options.max_edge).await;
        without_picture -= write_pictures(list, chunk, options.max_bytes, make).await?;
    }
    let object = Parts::object(&mut out, "heat-maps")?;
    let make = async |edit: &ImageEntry| heat_map(gallery, edit, options.max_edge).await;
    write_heat_maps(object, &images, options.max_bytes, make).await?;
    out.write_all(tail.as_bytes())?;
    out.flush()?;
    Ok(Export { images: images.len(), has_more, without_picture, bytes: out.bytes })
}
