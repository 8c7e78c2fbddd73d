//! The result: copies of the images, and what is printed.

use std::error::Error;
use std::path::{Path, PathBuf};

use easel_client::Connection;
use easel_protocol::method::ImageExport;
use easel_protocol::record::{Billed, ImageError, ImageRecord};
use serde_json::json;

use super::outcome::Outcome;
use super::target::Target;
use crate::commands::format::bytes;
use crate::commands::{print, report};

/// A finished image and the path to show for it.
pub(super) struct Delivered {
    pub(super) image: ImageRecord,
    /// The copy if there is one, else Easel's own file.
    pub(super) path: PathBuf,
    /// Why there is no copy, if one was asked for.
    pub(super) copy_error: Option<String>,
}

/// Copies the images to the target, if there is one, in the format of its extension. An image that cannot be copied
/// stays where it is.
pub(super) async fn deliver(
    connection: &Connection,
    images: Vec<ImageRecord>,
    target: Option<&Target>,
) -> Vec<Delivered> {
    let mut delivered = Vec::new();
    for (index, image) in images.into_iter().enumerate() {
        let (mut path, mut copy_error) = (PathBuf::from(&image.path), None);
        if let Some(target) = target {
            let params = target.export(index, &image);
            match connection.request::<ImageExport>(&params).await {
                Ok(copied) => path = copied.path.into(),
                Err(error) => copy_error = Some(format!("{} was not written: {error}", params.path)),
            }
        }
        delivered.push(Delivered { image, path, copy_error });
    }
    delivered
}

/// Prints the result as one JSON object.
pub(super) fn print_json(outcome: &Outcome, delivered: &[Delivered]) -> Result<(), Box<dyn Error>> {
    let image = |one: &Delivered| json!({ "path": one.path, "record": one.image, "copyError": one.copy_error });
    let images: Vec<_> = delivered.iter().map(image).collect();
    let result = json!({
        "threadId": outcome.thread_id,
        "turnId": outcome.turn_id,
        "images": images,
        "message": outcome.message,
        "error": outcome.error,
        "reason": outcome.reason,
    });
    Ok(print(&result.to_string())?)
}

/// Describes an image in a few words.
pub(super) fn facts(image: &ImageRecord) -> String {
    let (facts, seconds) = (&image.facts, image.elapsed_ms / 1_000);
    let tenths = image.elapsed_ms % 1_000 / 100;
    format!("{}x{}, {}, {seconds}.{tenths} s", facts.width, facts.height, bytes(facts.bytes))
}

/// Describes the failure of an image, and what it may cost.
pub(super) fn failure(error: &ImageError) -> String {
    format!("{}. {}", error.message.trim_end_matches('.'), bill(error.billed))
}

/// Says what the failure of an image may cost.
pub(super) fn bill(billed: Billed) -> &'static str {
    match billed {
        Billed::No => "Nothing was billed.",
        Billed::Yes => "The provider has billed it.",
        Billed::Uncertain => "The provider may have billed it.",
    }
}

/// Opens the images with the program that the system has for them.
pub(super) fn open(paths: impl Iterator<Item = impl AsRef<Path>>) {
    for path in paths {
        if let Err(error) = open::that_detached(path.as_ref()) {
            report(&format!("{} cannot be opened: {error}", path.as_ref().display()));
        }
    }
}
