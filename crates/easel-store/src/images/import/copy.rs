//! Copies an image from outside into the store. All checks run on the copy, so that the checked bytes are the stored
//! ones.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use base64::engine::general_purpose::STANDARD;
use base64::read::DecoderReader;
use easel_imagegen::port::{ImageSource, ImportError};
use easel_protocol::id::ImageId;
use easel_protocol::record::{Attachment, ImageFacts};
use tempfile::TempPath;

use super::source_file::{open_client_path, open_model_path, unreadable};
use crate::error::Error;
use crate::files::hashing_writer::HashingWriter;
use crate::files::validate_image;
use crate::home::Home;
use crate::images::arrival_notes;
use crate::os;

/// Bytes that are copied at a time.
const CHUNK_SIZE: usize = 64 << 10;

/// Upper limits for an image from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportLimits {
    /// Largest file, in bytes.
    pub reference_bytes: u64,
    /// Largest width times height, as the header of the file declares them.
    pub reference_pixels: u64,
}

impl Default for ImportLimits {
    /// 50 MiB and 100 million pixels.
    fn default() -> Self {
        Self { reference_bytes: 50 << 20, reference_pixels: 100_000_000 }
    }
}

/// The copy of an image in the store. It has no handle and no row yet.
pub(crate) struct CopiedImage {
    pub(crate) path: PathBuf,
    pub(crate) facts: ImageFacts,
    /// The arrival note, to be removed once the image has a row.
    pub(crate) note: PathBuf,
}

impl CopiedImage {
    pub(crate) fn into_attachment(self, handle: ImageId) -> Attachment {
        Attachment { id: handle, path: self.path.to_string_lossy().into_owned(), facts: self.facts }
    }
}

/// Copies the image into the folder of attachments. Images with equal bytes share one file.
pub(crate) fn copy(
    home: &Home,
    owner: &str,
    limits: ImportLimits,
    source: &ImageSource,
) -> Result<CopiedImage, ImportError> {
    let name = describe(source);
    let mut writer = create(home, owner).map_err(|error| not_stored(home, error))?;
    let max = limits.reference_bytes;
    match source {
        ImageSource::DataUrl(url) => {
            let encoded = base64_of(url).ok_or_else(|| refuse(&name, "is not a base64 image URL"))?;
            // Padding makes the estimate up to two bytes too large.
            if encoded.len() as u64 / 4 * 3 > max + 2 {
                return Err(too_large(&name, max));
            }
            fill(home, &mut writer, DecoderReader::new(encoded.as_bytes(), &STANDARD), max, &name)?;
        }
        ImageSource::ClientPath(path) => {
            copy_file(home, &mut writer, &open_client_path(path, &name)?, max, &name)?;
        }
        ImageSource::ModelPath { path, roots } => {
            copy_file(home, &mut writer, &open_model_path(home, path, roots, &name)?, max, &name)?;
        }
    }
    accept(home, owner, writer, limits, &name)
}

fn create(home: &Home, owner: &str) -> io::Result<HashingWriter> {
    let incoming = home.incoming();
    if !incoming.is_dir() {
        os::create_private_folder(&incoming)?;
    }
    HashingWriter::create(&incoming, owner)
}

fn copy_file(home: &Home, writer: &mut HashingWriter, file: &File, max: u64, name: &str) -> Result<(), ImportError> {
    if file.metadata().map_err(|error| unreadable(name, error))?.len() > max {
        return Err(too_large(name, max));
    }
    match writer.share_blocks_of(file) {
        Ok(()) => Ok(()),
        Err(_) => fill(home, writer, file, max, name),
    }
}

/// Copies to the end of the source. A file may grow while it is read, so the limit applies here too.
fn fill(home: &Home, writer: &mut HashingWriter, source: impl Read, max: u64, name: &str) -> Result<(), ImportError> {
    let mut source = source.take(max + 1);
    let mut chunk = vec![0; CHUNK_SIZE];
    let mut copied = 0;
    loop {
        let read = match source.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(unreadable(name, error)),
        };
        copied += read as u64;
        if copied > max {
            return Err(too_large(name, max));
        }
        io::Write::write_all(writer, &chunk[..read]).map_err(|error| not_stored(home, error))?;
    }
}

/// Checks the copy and renames it after the hash of its content.
fn accept(
    home: &Home,
    owner: &str,
    writer: HashingWriter,
    limits: ImportLimits,
    name: &str,
) -> Result<CopiedImage, ImportError> {
    let (file, facts) = writer.finish().map_err(|error| {
        if error.kind() == io::ErrorKind::InvalidData {
            return refuse(name, "is not a PNG, JPEG, WebP or GIF image");
        }
        not_stored(home, error)
    })?;
    let ImportLimits { reference_pixels: max_pixels, reference_bytes: max_bytes } = limits;
    if u64::from(facts.width) * u64::from(facts.height) > max_pixels {
        let excess = format!("has {}x{} pixels, more than {max_pixels}", facts.width, facts.height);
        return Err(ImportError::TooLarge { image: name.into(), excess });
    }
    // A file whose blocks were shared may have grown after its size was checked.
    if facts.bytes > max_bytes {
        return Err(too_large(name, max_bytes));
    }
    if !validate_image::is_whole(file.as_file(), facts.media_type).map_err(|error| not_stored(home, error))? {
        return Err(refuse(name, "is damaged or cut off"));
    }
    let file_name = format!("{}.{}", facts.sha256, facts.media_type.extension());
    let path = home.attachments().join(&file_name);
    let put = || {
        let note = arrival_notes::write_note(home, owner, &file_name)?;
        put_once(file.into_temp_path(), &path, facts.bytes)?;
        os::sync_folder(&home.attachments())?;
        Ok(note)
    };
    let note = put().map_err(|error| not_stored(home, error))?;
    Ok(CopiedImage { path, facts, note })
}

/// Renames a file after its content. If a complete file with this name exists, the copy is dropped; a damaged one is
/// replaced.
fn put_once(file: TempPath, path: &Path, bytes: u64) -> io::Result<()> {
    match file.persist_noclobber(path) {
        Ok(()) => Ok(()),
        Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => {
            let is_whole = path.symlink_metadata().is_ok_and(|found| found.is_file() && found.len() == bytes);
            if is_whole { Ok(()) } else { refused.path.persist(path).map_err(|refused| refused.error) }
        }
        Err(refused) => Err(refused.error),
    }
}

/// Returns the part of an image's data URL after `;base64,`.
fn base64_of(url: &str) -> Option<&str> {
    let (head, encoded) = url.split_once(',')?;
    let head = head.to_ascii_lowercase();
    (head.starts_with("data:image/") && head.ends_with(";base64")).then_some(encoded)
}

/// Returns the image's name for messages. Paths are escaped, since they may contain any character.
fn describe(source: &ImageSource) -> String {
    match source {
        ImageSource::DataUrl(_) => "the image of a data URL".into(),
        ImageSource::ClientPath(path) => format!("the image {path:?}"),
        ImageSource::ModelPath { path, .. } => format!("the image {path:?}"),
    }
}

fn refuse(name: &str, reason: &str) -> ImportError {
    ImportError::Refused { image: name.into(), reason: reason.into() }
}

fn too_large(name: &str, max: u64) -> ImportError {
    ImportError::TooLarge { image: name.into(), excess: format!("is larger than {max} bytes") }
}

fn not_stored(home: &Home, error: io::Error) -> ImportError {
    ImportError::Storage(Error::io("store the image", &home.attachments())(error).into())
}
