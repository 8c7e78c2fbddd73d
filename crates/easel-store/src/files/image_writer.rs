//! Writes a generated image. It may have been billed, so it must not be lost to a full disk.

use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use easel_imagegen::port::StagedImage;
use easel_protocol::record::MediaType;
use tempfile::TempPath;

use super::hashing_writer::HashingWriter;
use super::{spare_folders, staged};

/// A generated image being written. Where the disk of the home fails, it continues in a spare folder. Dropping it
/// removes the file.
#[derive(Debug)]
pub struct ImageWriter {
    writer: HashingWriter,
    prefix: Arc<str>,
    /// Shared folders that were not tried yet.
    spare: std::vec::IntoIter<PathBuf>,
    /// Why the file is in a spare folder and not in the folder of its thread.
    displaced: Option<io::Error>,
}

impl ImageWriter {
    /// Creates a writer for `thread_file`, the file in the thread's folder. If that file could not be created, creates
    /// one in a spare folder.
    pub(crate) fn new(
        thread_file: io::Result<HashingWriter>,
        prefix: &Arc<str>,
        spare: Vec<PathBuf>,
    ) -> io::Result<Self> {
        let mut spare = spare.into_iter();
        let (writer, displaced) = match thread_file {
            Ok(writer) => (writer, None),
            Err(error) => {
                let Some(writer) = spare.find_map(|folder| spare_folders::create(&folder, prefix).ok()) else {
                    return Err(error);
                };
                (writer, Some(error))
            }
        };
        Ok(Self { writer, prefix: Arc::clone(prefix), spare, displaced })
    }

    /// Copies the image so far into the next spare folder that has room for it. Fails with `error` if no
    /// spare folder has room.
    fn spill(&mut self, error: io::Error) -> io::Result<()> {
        let Self { writer, prefix, spare, .. } = self;
        let Some(copy) = spare.find_map(|folder| copy(writer, &folder, prefix).ok()) else { return Err(error) };
        self.writer = copy;
        self.displaced.get_or_insert(error);
        Ok(())
    }

    /// Completes the image: flushes it to the disk and renames it, so that recovery knows that it is complete.
    pub(crate) fn stage(mut self, staged_name: impl Fn(&Path) -> PathBuf) -> io::Result<StagedImage> {
        // Some file systems report a full disk only at the flush.
        while let Err(error) = self.writer.sync() {
            self.spill(error)?;
        }
        let (file, facts) = self.writer.inspect()?;
        let path = rename(file.into_temp_path(), staged_name)?;
        staged::stage(path, facts, self.displaced)
    }

    /// Completes a preview. It is not flushed, since a lost preview does no harm.
    pub(crate) fn stage_preview(self, name: impl Fn(&Path, MediaType) -> PathBuf) -> io::Result<StagedImage> {
        let (file, facts) = self.writer.inspect()?;
        let path = rename(file.into_temp_path(), |path| name(path, facts.media_type))?;
        staged::stage(path, facts, self.displaced)
    }
}

fn rename(path: TempPath, new_name: impl Fn(&Path) -> PathBuf) -> io::Result<TempPath> {
    let name = new_name(&path);
    match path.persist_noclobber(&name) {
        Ok(()) => TempPath::try_from_path(name),
        // Only recovery after a crash needs the new name.
        Err(refused) => Ok(refused.path),
    }
}

fn copy(writer: &HashingWriter, folder: &Path, prefix: &str) -> io::Result<HashingWriter> {
    let (mut file, bytes) = writer.written();
    let mut copy = spare_folders::create(folder, prefix)?;
    file.rewind()?;
    io::copy(&mut file.take(bytes), &mut copy)?;
    Ok(copy)
}

impl Write for ImageWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.writer.write(bytes) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => self.spill(error)?,
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
