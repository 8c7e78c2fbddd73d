//! Resolves the images that a call refers to, by name or from the thread's history. The order is kept: attachments
//! [A, B] stay [A, B].

use std::path::{Path, PathBuf};

use easel_protocol::record::{ImageError, ImageErrorKind};

use crate::arguments::ImageSelection;
use crate::handle;
use crate::port::{Origin, Reference, ThreadImage, image_error};

/// An image that a call refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageRef {
    /// An image of the thread.
    Handle(Reference),
    /// A file that the model named. It is imported when the call runs, if it is below a folder that may be read.
    Path(PathBuf),
}

/// Resolves the images that a call selects, in its order. `thread` has the newest images of the thread, oldest first;
/// only names find those in `older`.
///
/// # Errors
/// An image that the thread does not have, or a name that is neither a handle nor an absolute path.
pub fn resolve(
    images: &ImageSelection,
    thread: &[ThreadImage],
    older: &[ThreadImage],
) -> Result<Vec<ImageRef>, ImageError> {
    match images {
        ImageSelection::None => Ok(Vec::new()),
        ImageSelection::List(names) => names.iter().map(|name| resolve_name(name, thread, older)).collect(),
        ImageSelection::Newest(count) => find_newest(*count, thread),
    }
}

/// Resolves an image by its handle or absolute path, see [`resolve`].
///
/// # Errors
/// Those of [`resolve`].
pub fn resolve_name(name: &str, thread: &[ThreadImage], older: &[ThreadImage]) -> Result<ImageRef, ImageError> {
    let find = |matches: &dyn Fn(&Reference) -> bool| {
        let mut known = thread.iter().chain(older).map(|image| &image.reference);
        known.find(|reference| matches(reference)).cloned().map(ImageRef::Handle)
    };
    if handle::is_handle(name) {
        return find(&|reference| reference.id.as_deref() == Some(name))
            .ok_or_else(|| image_error(ImageErrorKind::ReferenceNotFound, format!("this thread has no image {name}")));
    }
    let path = Path::new(name);
    if !path.is_absolute() {
        let message = "an image must be given by its handle (img_…) or an absolute path";
        return Err(image_error(ImageErrorKind::InvalidArguments, message));
    }
    Ok(find(&|reference| reference.path == path).unwrap_or_else(|| ImageRef::Path(path.to_owned())))
}

fn find_newest(count: usize, thread: &[ThreadImage]) -> Result<Vec<ImageRef>, ImageError> {
    let Some(start) = thread.len().checked_sub(count) else {
        let message = format!("the call asks for {count} images, but this thread has {}", thread.len());
        return Err(image_error(ImageErrorKind::ReferenceNotFound, message));
    };
    Ok(thread[start..].iter().map(to_ref).collect())
}

/// Returns the images for an edit that selects none: the attachments of the newest user message with images, in their
/// order, then the images generated since, oldest first. Without such a message, all generated images of the thread.
///
/// If there are more than `limit`, the oldest generated images are dropped first, except for the newest one, then the
/// first attachments.
///
/// # Errors
/// The thread has no image.
pub fn from_history(thread: &[ThreadImage], limit: usize) -> Result<Vec<ImageRef>, ImageError> {
    let anchor = thread.iter().rev().find_map(|image| match image.origin {
        Origin::Attached { message } => Some(message),
        Origin::Generated => None,
    });
    let first = thread.iter().position(|image| match (image.origin, anchor) {
        (Origin::Attached { message }, Some(anchor)) => message == anchor,
        (Origin::Attached { .. } | Origin::Generated, _) => false,
    });
    let (attached, generated): (Vec<_>, Vec<_>) =
        thread[first.unwrap_or(0)..].iter().partition(|image| image.origin != Origin::Generated);

    let excess = (attached.len() + generated.len()).saturating_sub(limit);
    let dropped_generated = excess.min(generated.len().saturating_sub(1));
    let dropped_attached = (excess - dropped_generated).min(attached.len());
    let images: Vec<ImageRef> =
        attached[dropped_attached..].iter().chain(&generated[dropped_generated..]).map(|image| to_ref(image)).collect();
    if images.is_empty() {
        let message = "this thread has no image to edit";
        return Err(image_error(ImageErrorKind::ReferenceNotFound, message));
    }
    Ok(images)
}

fn to_ref(image: &ThreadImage) -> ImageRef {
    ImageRef::Handle(image.reference.clone())
}

#[cfg(test)]
mod tests;
