//! Methods for one image.

use std::fs::File;
use std::path::PathBuf;

use easel_imagegen::port::{StorageError, Store};
use easel_picture::Encoded;
use easel_protocol::id::{ImageId, ThreadId};
use easel_protocol::image::ImageEntry;
use easel_protocol::record::{EditReport, ImageRecord, MediaType};
use rusqlite::{Connection, Transaction};

use super::EaselStore;
use crate::db::connection::Database;
use crate::db::ephemeral::WriteScope;
use crate::db::worker::LockTimeout;
use crate::db::workers::ReadKind;
use crate::error::Error;
use crate::files::run_blocking;
use crate::images::add_composite;
use crate::images::delete_image;
use crate::images::edits::{CompareError, ComparedFiles, CompositeError, CompositeSources, HeatMapBounds};
use crate::images::export::{self, ExistingFile, ExportError, ExportedImage, FileOfSet, SetError};
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

    /// Compares two of Easel's own images. Returns the report, in which the first one has the handle `base`, and the
    /// heat map if there are bounds for it.
    ///
    /// # Errors
    /// If an image cannot be read or decoded, or the comparison takes too long.
    pub async fn compare_images(
        &self,
        files: ComparedFiles,
        base: ImageId,
        heat_map: Option<HeatMapBounds>,
    ) -> Result<(EditReport, Option<Encoded>), CompareError> {
        self.edit_examiner.compare(&self.home, files, base, heat_map).await
    }

    /// Makes a new image from an edit and the image that was edited, in the thread, the turn and the item of the edit.
    ///
    /// # Errors
    /// If the result would be worse than the edit, an image cannot be read or decoded, or the new one cannot be stored.
    pub async fn composite_image(
        &self,
        edit: Box<ImageEntry>,
        sources: CompositeSources,
    ) -> Result<ImageRecord, CompositeError> {
        let (files, edited) = (self.files(&edit.thread_id), edit.image.path.clone().into());
        let base_id = sources.base.id.clone().ok_or(CompositeError::ImageNotFound)?;
        let composite = self.edit_examiner.composite(&self.home, files, edited, &base_id, sources.clone()).await?;
        let add = move |database: &mut Database| add_composite::add(database, &edit, sources, composite);
        self.write(LockTimeout::Short, add).await?.ok_or(CompositeError::ImageNotFound)
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

    /// Checks that a file of this format can be written to `target`, with the rules of
    /// [`export_image`](Self::export_image), and returns its path with the links of the folder resolved.
    ///
    /// # Errors
    /// If the target is not allowed, or its folder cannot be written.
    pub async fn check_export(
        &self,
        target: PathBuf,
        cwd: PathBuf,
        media_type: MediaType,
        existing: ExistingFile,
    ) -> Result<PathBuf, ExportError> {
        let home = self.home.clone();
        run_blocking(move || export::check(&home, &target, &cwd, media_type, existing)).await?
    }

    /// Writes a picture to a path from [`check_export`](Self::check_export): the whole file, or nothing.
    ///
    /// # Errors
    /// If the file exists and must be kept, or cannot be written.
    pub async fn write_export(
        &self,
        path: PathBuf,
        bytes: Vec<u8>,
        existing: ExistingFile,
    ) -> Result<ExportedImage, ExportError> {
        run_blocking(move || export::write(bytes.as_slice(), path, existing)).await?
    }

    /// Checks that files can be written to these paths below `folder`, and returns the folder with its links resolved.
    ///
    /// # Errors
    /// If the folder is not allowed, or one of the files exists and must be kept.
    pub async fn check_export_set(
        &self,
        folder: PathBuf,
        cwd: PathBuf,
        paths: Vec<PathBuf>,
        existing: ExistingFile,
    ) -> Result<PathBuf, SetError> {
        let home = self.home.clone();
        let check = move || export::check_set(&home, &folder, &cwd, paths.iter().map(PathBuf::as_path), existing);
        run_blocking(check).await?
    }

    /// Writes files below a folder from [`check_export_set`](Self::check_export_set): all or none. Returns their paths.
    ///
    /// # Errors
    /// If one of the files exists and must be kept, or cannot be written.
    pub async fn write_export_set(
        &self,
        folder: PathBuf,
        files: Vec<FileOfSet>,
        existing: ExistingFile,
    ) -> Result<Vec<PathBuf>, SetError> {
        run_blocking(move || export::write_set(&folder, &files, existing)).await?
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
