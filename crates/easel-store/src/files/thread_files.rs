//! The image files of one thread, as providers see them.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use easel_imagegen::model_copy::ModelCopy;
use easel_imagegen::port::{Files, Reference, StagedImage};

use super::hashing_writer::HashingWriter;
use super::image_writer::ImageWriter;
use super::spare_folders;
use super::unfinished::{self, PREVIEW, STAGED};
use crate::home::Home;
use crate::images::lookup;
use crate::os;

/// The image files of one thread. Opens existing images and creates new ones.
#[derive(Debug)]
pub struct ThreadFiles {
    home: Arc<Home>,
    folder: PathBuf,
    /// First part of the names of unfinished files: the owner id, and the tag of the call if it is known.
    prefix: Arc<str>,
}

impl ThreadFiles {
    /// Creates the files of a thread, or of one call in it. After a crash the files of a call are found by the call.
    pub(crate) fn new(home: Arc<Home>, thread_id: &str, call_id: Option<&str>, owner: &Arc<str>) -> Self {
        let folder = home.thread_images(thread_id);
        let prefix = match call_id {
            Some(call_id) => unfinished::call_prefix(owner, &unfinished::call_tag(thread_id, call_id)),
            None => Arc::clone(owner),
        };
        Self { home, folder, prefix }
    }

    fn create_in_folder(&self) -> io::Result<HashingWriter> {
        if !self.folder.is_dir() {
            os::create_private_folder(&self.folder)?;
            // A power cut may undo a folder that was not flushed, together with the images in it.
            self.folder.ancestors().skip(1).take(2).try_for_each(os::sync_folder)?;
        }
        HashingWriter::create(&self.folder, &self.prefix)
    }
}

impl ThreadFiles {
    /// Completes a composite and flushes it to the disk. After a crash it is removed, like a preview, because it can be
    /// made again from the images that it was made from, and because no call may take it for an image of its provider.
    pub(crate) fn stage_composite(&self, writer: ImageWriter) -> io::Result<StagedImage> {
        writer.stage(|path| path.with_extension(PREVIEW))
    }
}

impl Files for ThreadFiles {
    type Reader = File;
    type Writer = ImageWriter;

    /// Opens one of Easel's own images, and no other file.
    fn open(&self, image: &Reference) -> io::Result<File> {
        lookup::open(&self.home, &image.path)
    }

    fn open_copy(&self, copy: &ModelCopy) -> io::Result<File> {
        lookup::open(&self.home, &copy.path)
    }

    fn create(&self) -> io::Result<ImageWriter> {
        ImageWriter::new(self.create_in_folder(), &self.prefix, spare_folders::shared_folders())
    }

    fn stage(&self, writer: ImageWriter) -> io::Result<StagedImage> {
        // The new name lets recovery find the image if this process dies now.
        writer.stage(|path| path.with_extension(STAGED))
    }

    fn stage_preview(&self, writer: ImageWriter) -> io::Result<StagedImage> {
        // Image viewers go by the extension.
        writer.stage_preview(|path, media_type| path.with_extension(format!("{PREVIEW}.{}", media_type.extension())))
    }
}
