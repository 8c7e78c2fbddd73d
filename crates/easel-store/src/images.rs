//! Operations on the images of a thread: import, lookup, export and deletion.

pub(crate) mod arrival_notes;
pub(crate) mod attachments;
pub(crate) mod copies;
pub(crate) mod delete_image;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod lookup;
