//! Operations on the images of a thread: import, lookup, copies for models, export and deletion.

pub(crate) mod add_composite;
pub(crate) mod arrival_notes;
pub(crate) mod attachments;
pub(crate) mod copies;
pub(crate) mod copy_maker;
pub(crate) mod delete_image;
pub(crate) mod edits;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod lookup;
pub(crate) mod model_copies;
