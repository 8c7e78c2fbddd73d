//! Image files on disk: how they are written, named and checked.

pub(crate) mod free_name;
pub(crate) mod image_writer;
pub(crate) mod spare_folders;
pub(crate) mod thread_files;
pub(crate) mod unfinished;
pub(crate) mod validate_image;
