//! Methods for one image.

use std::fs::File;
use std::path::PathBuf;

use easel_imagegen::port::StorageError;
use easel_protocol::id::ThreadId;
use rusqlite::{Connection, Transaction};

use super::EaselStore;
use crate::db::ephemeral::WriteScope;
use crate::db::worker::LockTimeout;
use crate::db::workers::ReadKind;
use crate::error::Error;
use crate::files::run_blocking;
use crate::images::delete_image;
use crate::images::export::{self, ExistingFile, ExportError, ExportedImage};
use crate::images::lookup::{self, ImageBytes, StoredImage};

impl EaselStore {
    /// Finds the image with a handle, generated or attached.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn find_image(&self, handle: &str) -> Result<Option<StoredImage>, StorageError> {
        let (handle, home) = (handle.to_owned(), self.home.clone());
        self.read(ReadKind::Page, move |connection| lookup::find(connection, &home, &handle)).await
    }

    /// Reads at most `length` bytes of an image's file from `offset` on. Returns `None` if no image has the handle.
    ///
    /// # Errors
    /// If the database or the file cannot be read.
    pub async fn read_image(&self, handle: &str, offset: u64, length: u32) -> Result<Option<ImageBytes>, StorageError> {
        let Some(image) = self.find_image(handle).await? else { return Ok(None) };
        let home = self.home.clone();
        let read = run_blocking(move || lookup::read_range(&home, image.path(), offset, length)).await?;
        Ok(Some(read?))
    }

    /// Opens the file of one of Easel's own images.
    ///
    /// # Errors
    /// If the file cannot be opened, or is another one.
    pub async fn open_image(&self, path: PathBuf) -> Result<File, StorageError> {
        let home = self.home.clone();
        let open = move || lookup::open(&home, &path).map_err(Error::io("read the image", &path));
        Ok(run_blocking(open).await??)
    }

    /// Copies an image to `target`: the whole file, or nothing.
    ///
    /// The target must be an absolute path whose extension fits the image's format, in a folder that exists, outside
    /// Easel's home, and not below a folder whose name begins with a dot unless `cwd` is below that folder too. Links
    /// of the folder are resolved first; a link at the target itself is not followed.
    ///
    /// # Errors
    /// If the image does not exist, the target is not allowed, or the copy cannot be written.
    pub async fn export_image(
        &self,
        handle: &str,
        target: PathBuf,
        cwd: PathBuf,
        existing: ExistingFile,
    ) -> Result<ExportedImage, ExportError> {
        let image = self.find_image(handle).await?.ok_or(ExportError::ImageNotFound)?;
        if matches!(&image, StoredImage::Generated(entry) if entry.image.deleted) {
            return Err(ExportError::ImageNotFound);
        }
        let home = self.home.clone();
        run_blocking(move || export::export(&home, &image, &target, &cwd, existing)).await?
    }

    /// Returns the threads that reference a generated image.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn threads_with_image(&self, handle: &str) -> Result<Vec<ThreadId>, StorageError> {
        let handle = handle.to_owned();
        let find = move |connection: &Connection| lookup::threads_with_image(connection, &handle);
        self.read(ReadKind::Page, find).await
    }

    /// Marks a generated image as deleted in one thread, and removes its file unless another thread references it.
    /// Returns whether the file was removed. The caller must be the thread's writer.
    ///
    /// # Errors
    /// If the database cannot be written. A file that cannot be removed is tried again later.
    pub async fn delete_image(&self, thread_id: &str, handle: &str) -> Result<bool, StorageError> {
        let (id, handle, home) = (thread_id.to_owned(), handle.to_owned(), self.home.clone());
        let delete = move |write: &Transaction<'_>| delete_image::delete(write, &home, &id, &handle);
        let deletion = self.write_thread(thread_id, LockTimeout::Short, WriteScope::DurableDisk, delete).await?;
        if deletion.has_inputs || deletion.image.is_some() {
            self.remove_files().await;
        }
        let Some(path) = deletion.image else { return Ok(false) };
        run_blocking(move || path.symlink_metadata().is_err()).await
    }
}
