//! Image files on their way in: written aside, hashed as they pass, named only when they are whole.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use easel_imagegen::port::{Files, Reference, StagedImage};
use easel_imagegen::sniff;
use easel_protocol::record::ImageFacts;
use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempPath};

use crate::files::image_writer::ImageWriter;
use crate::files::spare_folders;
use crate::home::Home;
use crate::lists::image_list;
use crate::os;

pub(crate) use super::free_name::free_path;
use super::unfinished::{PART, PREVIEW, STAGED};
pub(crate) use super::unfinished::{State, Unfinished, call_tag, in_folder as unfinished_in, tag_of};

/// The image files of one thread.
#[derive(Debug)]
pub struct ThreadFiles {
    home: Arc<Home>,
    folder: PathBuf,
    /// The first part of the names of unfinished files.
    maker: Arc<str>,
}

impl ThreadFiles {
    /// The files of a call are found by it after a crash.
    pub(crate) fn new(home: Arc<Home>, thread_id: &str, call_id: Option<&str>, owner: &Arc<str>) -> Self {
        let folder = home.thread_images(thread_id);
        let maker = match call_id {
            Some(call_id) => super::unfinished::maker(owner, &call_tag(thread_id, call_id)),
            None => Arc::clone(owner),
        };
        Self { home, folder, maker }
    }
}

impl Files for ThreadFiles {
    type Reader = File;
    type Writer = ImageWriter;

    /// Opens nothing but Easel's own images.
    fn open(&self, image: &Reference) -> io::Result<File> {
        image_list::open(&self.home, &image.path)
    }

    fn create(&self) -> io::Result<ImageWriter> {
        ImageWriter::new(self.create_inside(), &self.maker, spare_folders::shared_folders())
    }

    fn stage(&self, writer: ImageWriter) -> io::Result<StagedImage> {
        // Should this process die now, the image is not lost.
        writer.stage(|path| path.with_extension(STAGED))
    }

    fn stage_preview(&self, writer: ImageWriter) -> io::Result<StagedImage> {
        // What shows pictures goes by the end of their names.
        writer.stage_preview(|path, media_type| path.with_extension(format!("{PREVIEW}.{}", media_type.extension())))
    }
}

impl ThreadFiles {
    fn create_inside(&self) -> io::Result<HashingWriter> {
        if !self.folder.is_dir() {
            os::create_private_folder(&self.folder)?;
            // A folder that a power cut undoes would take its images with it.
            self.folder.ancestors().skip(1).take(2).try_for_each(os::sync_folder)?;
        }
        HashingWriter::create(&self.folder, &self.maker)
    }
}

/// An image being written. Dropping it removes the file.
#[derive(Debug)]
pub(crate) struct HashingWriter {
    file: NamedTempFile,
    hash: Sha256,
    bytes: u64,
}

impl HashingWriter {
    /// The folder must be on the file system where the image is to stay, so that it can be renamed there.
    pub(crate) fn create(folder: &Path, maker: &str) -> io::Result<Self> {
        let file =
            tempfile::Builder::new().prefix(&format!(".{maker}.")).suffix(&format!(".{PART}")).tempfile_in(folder)?;
        Ok(Self { file, hash: Sha256::new(), bytes: 0 })
    }

    /// Takes the content of another file by sharing its blocks; fails, and changes nothing, where that is not possible.
    /// What is hashed is the copy: nobody else can write to it.
    pub(crate) fn share_blocks_of(&mut self, other: &File) -> io::Result<()> {
        let file = self.file.as_file_mut();
        os::clone_file(other, file)?;
        file.rewind()?;
        (self.hash, self.bytes) = hash_rest(file)?;
        Ok(())
    }

    /// The file, and how many bytes of it were written.
    pub(crate) fn written(&self) -> (&File, u64) {
        (self.file.as_file(), self.bytes)
    }

    /// Makes the content durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.as_file().sync_all()
    }

    /// Makes the content durable and looks at it; [`io::ErrorKind::InvalidData`] when it is no image.
    pub(crate) fn finish(self) -> io::Result<(NamedTempFile, ImageFacts)> {
        self.sync()?;
        self.facts()
    }

    /// Looks at the content; [`io::ErrorKind::InvalidData`] when it is no image.
    pub(crate) fn facts(mut self) -> io::Result<(NamedTempFile, ImageFacts)> {
        let file = self.file.as_file_mut();
        file.rewind()?;
        let facts = facts(file, self.hash, self.bytes)?;
        Ok((self.file, facts))
    }
}

impl Write for HashingWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.as_file_mut().write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_file_mut().flush()
    }
}

/// Creates the guard of a complete file that has no name yet.
///
/// # Errors
/// Those of the file system, where the file cannot be kept without its temporary guard.
pub(crate) fn staged(file: TempPath, facts: ImageFacts, displaced: Option<io::Error>) -> io::Result<StagedImage> {
    let path = file.keep()?;
    let mut staged = StagedImage::new(path, facts, |path| {
        // What cannot be removed now is removed at the next start.
        let _ = fs::remove_file(path);
    });
    staged.displaced = displaced;
    Ok(staged)
}

/// Puts the call into the name of a file that was written before its call was known. A file that cannot be renamed
/// keeps its name.
pub(crate) fn add_call(staged: &mut StagedImage, owner: &str, tag: &str) {
    if let Some(path) = super::unfinished::with_call(staged.path(), owner, tag)
        && rename_new(staged.path(), &path).is_ok()
    {
        staged.set_path(path);
    }
}

/// Gives a staged image its final name without replacing another file; hands it back when that fails.
pub(crate) fn put_staged(staged: StagedImage, path: &Path) -> Result<(), (StagedImage, io::Error)> {
    match rename_new(staged.path(), path) {
        Ok(()) => {
            staged.into_path();
            Ok(())
        }
        Err(error) => Err((staged, error)),
    }
}

/// Renames a file without replacing another. On failure the file stays where it is.
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    TempPath::try_from_path(from)?.persist_noclobber(to).map_err(|mut refused| {
        refused.path.disable_cleanup(true);
        refused.error
    })
}

/// What a file on disk says about itself; [`io::ErrorKind::InvalidData`] when it is no image.
pub(crate) fn facts_of(path: &Path) -> io::Result<ImageFacts> {
    let mut file = os::open_regular(path)?;
    let (hash, bytes) = hash_rest(&mut file)?;
    file.rewind()?;
    facts(&file, hash, bytes)
}

/// Hash and number of the bytes up to the end.
fn hash_rest(file: &mut File) -> io::Result<(Sha256, u64)> {
    let mut hash = Sha256::new();
    let mut piece = vec![0; 64 << 10];
    let mut bytes = 0;
    loop {
        match file.read(&mut piece)? {
            0 => return Ok((hash, bytes)),
            read => {
                hash.update(&piece[..read]);
                bytes += read as u64;
            }
        }
    }
}

fn facts(file: &File, hash: Sha256, bytes: u64) -> io::Result<ImageFacts> {
    let Some(sniffed) = sniff::sniff(BufReader::new(file))? else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "not a PNG, JPEG, WebP or GIF image"));
    };
    Ok(ImageFacts {
        sha256: hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
        media_type: sniffed.media_type,
        width: sniffed.width,
        height: sniffed.height,
        bytes,
        has_alpha: sniffed.has_alpha,
    })
}

/// Keeps a whole file under the name of one that is; what writes an image there goes on with it after a crash.
pub(crate) fn keep_staged(file: TempPath) -> io::Result<PathBuf> {
    let staged = file.with_extension(STAGED);
    file.persist_noclobber(&staged).map_err(|refused| refused.error)?;
    Ok(staged)
}

/// Gives a whole file its name without ever replacing another; hands it back when that fails.
pub(crate) fn put(file: TempPath, path: &Path) -> Result<(), (TempPath, io::Error)> {
    file.persist_noclobber(path).map_err(|refused| (refused.path, refused.error))
}
