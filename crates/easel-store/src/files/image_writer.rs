//! An image that a provider made, on its way in. It is paid for: where the home's disk does not take it, it goes on in a
//! folder of the system's, and the error of its call says where it lies.

use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use easel_imagegen::port::StagedImage;
use easel_protocol::record::MediaType;
use tempfile::TempPath;

use crate::files::spare_folders;
use crate::files::thread_files::{self, HashingWriter};

/// An image being written. Dropping it removes the file.
#[derive(Debug)]
pub struct ImageWriter {
    writer: HashingWriter,
    maker: Arc<str>,
    /// Shared folders that have not been tried.
    spare: std::vec::IntoIter<PathBuf>,
    /// Why it is not in its thread's folder.
    away: Option<io::Error>,
}

impl ImageWriter {
    /// `inside` is its file in the thread's folder, or why there is none.
    pub(crate) fn new(inside: io::Result<HashingWriter>, maker: &Arc<str>, spare: Vec<PathBuf>) -> io::Result<Self> {
        let mut spare = spare.into_iter();
        let (writer, away) = match inside {
            Ok(writer) => (writer, None),
            Err(refused) => {
                let Some(writer) = spare.find_map(|folder| spare_folders::create(&folder, maker).ok()) else {
                    return Err(refused);
                };
                (writer, Some(refused))
            }
        };
        Ok(Self { writer, maker: Arc::clone(maker), spare, away })
    }

    /// Goes on in the next folder that takes what there is so far; gives `refused` back when there is none.
    fn move_on(&mut self, refused: io::Error) -> io::Result<()> {
        let Self { writer, maker, spare, .. } = self;
        let Some(moved) = spare.find_map(|folder| copy(writer, &folder, maker).ok()) else { return Err(refused) };
        self.writer = moved;
        self.away.get_or_insert(refused);
        Ok(())
    }

    /// Ends the image and makes it durable, under a name that says that it is whole.
    pub(crate) fn stage(mut self, is_whole: impl Fn(&Path) -> PathBuf) -> io::Result<StagedImage> {
        // Some file systems find only now that there is no room.
        while let Err(refused) = self.writer.sync() {
            self.move_on(refused)?;
        }
        let (file, facts) = self.writer.facts()?;
        let path = renamed(file.into_temp_path(), is_whole)?;
        thread_files::staged(path, facts, self.away)
    }

    /// Ends a picture that shows an image before it is finished. A crash may take it.
    pub(crate) fn stage_preview(self, name: impl Fn(&Path, MediaType) -> PathBuf) -> io::Result<StagedImage> {
        let (file, facts) = self.writer.facts()?;
        let path = renamed(file.into_temp_path(), |path| name(path, facts.media_type))?;
        thread_files::staged(path, facts, self.away)
    }
}

fn renamed(path: TempPath, name: impl Fn(&Path) -> PathBuf) -> io::Result<TempPath> {
    let name = name(&path);
    match path.persist_noclobber(&name) {
        Ok(()) => TempPath::try_from_path(name),
        // Only a crash would make a difference.
        Err(refused) => Ok(refused.path),
    }
}

fn copy(writer: &HashingWriter, folder: &Path, maker: &str) -> io::Result<HashingWriter> {
    let (mut file, bytes) = writer.written();
    let mut copy = spare_folders::create(folder, maker)?;
    file.rewind()?;
    io::copy(&mut file.take(bytes), &mut copy)?;
    Ok(copy)
}

impl Write for ImageWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.writer.write(bytes) {
                Err(refused) if refused.kind() != io::ErrorKind::Interrupted => self.move_on(refused)?,
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
