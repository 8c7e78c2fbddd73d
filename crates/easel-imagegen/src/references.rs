//! Which images a call means, from what it names or from the thread's history. Order is never reversed: attachments
//! [A, B] arrive as [A, B].

use std::path::{Path, PathBuf};

use easel_protocol::record::{ImageError, ImageErrorKind};

use crate::arguments::NamedImages;
use crate::handle;
use crate::port::{Origin, Reference, ThreadImage, image_error};

/// One image that a call means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageRef {
    /// An image of the thread.
    Handle(Reference),
    /// A file that the model named, to be taken in if it lies where files may be read.
    Path(PathBuf),
}

/// The images that the call names, in the order named.
pub fn resolve(images: &NamedImages, thread: &[ThreadImage]) -> Result<Vec<ImageRef>, ImageError> {
    match images {
        NamedImages::Unnamed => Ok(Vec::new()),
        NamedImages::Listed(names) => names.iter().map(|name| resolve_name(name, thread)).collect(),
        NamedImages::Last(count) => last(*count, thread),
    }
}

/// One image by its handle or absolute path.
pub fn resolve_name(name: &str, thread: &[ThreadImage]) -> Result<ImageRef, ImageError> {
    let known = |is_it: &dyn Fn(&Reference) -> bool| {
        thread.iter().map(|image| &image.reference).find(|reference| is_it(reference)).cloned().map(ImageRef::Handle)
    };
    if handle::is_handle(name) {
        return known(&|reference| reference.id.as_deref() == Some(name)).ok_or_else(|| {
            image_error(ImageErrorKind::ReferenceNotFound, format!("there is no image {name} in this thread"))
        });
    }
    let path = Path::new(name);
    if !path.is_absolute() {
        let message = "an image is named by its handle (img_…) or an absolute path";
        return Err(image_error(ImageErrorKind::InvalidArguments, message));
    }
    Ok(known(&|reference| reference.path == path).unwrap_or_else(|| ImageRef::Path(path.to_owned())))
}

fn last(count: usize, thread: &[ThreadImage]) -> Result<Vec<ImageRef>, ImageError> {
    let Some(start) = thread.len().checked_sub(count) else {
        let message = format!("{count} images are asked for, and this thread has {}", thread.len());
        return Err(image_error(ImageErrorKind::ReferenceNotFound, message));
    };
    Ok(thread[start..].iter().map(known).collect())
}

/// The images of an edit that names none: those of the newest user message that has some, in attachment order, then
/// the images made since, oldest first. Over `limit`, the oldest made go first (one is kept), then attachments from
/// the front. Without such a message, the images made in the thread.
pub fn from_history(thread: &[ThreadImage], limit: usize) -> Result<Vec<ImageRef>, ImageError> {
    let anchor = thread.iter().rev().find_map(|image| match image.origin {
        Origin::Attached { message } => Some(message),
        Origin::Generated => None,
    });
    let first = thread.iter().position(|image| match (image.origin, anchor) {
        (Origin::Attached { message }, Some(anchor)) => message == anchor,
        (Origin::Attached { .. } | Origin::Generated, _) => false,
    });
    let (attached, made): (Vec<_>, Vec<_>) =
        thread[first.unwrap_or(0)..].iter().partition(|image| image.origin != Origin::Generated);

    let excess = (attached.len() + made.len()).saturating_sub(limit);
    let dropped_made = excess.min(made.len().saturating_sub(1));
    let dropped_attached = (excess - dropped_made).min(attached.len());
    let chosen: Vec<ImageRef> =
        attached[dropped_attached..].iter().chain(&made[dropped_made..]).map(|image| known(image)).collect();
    if chosen.is_empty() {
        let message = "there is no image in this thread to edit";
        return Err(image_error(ImageErrorKind::ReferenceNotFound, message));
    }
    Ok(chosen)
}

fn known(image: &ThreadImage) -> ImageRef {
    ImageRef::Handle(image.reference.clone())
}

#[cfg(test)]
mod tests;
