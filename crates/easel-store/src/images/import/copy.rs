//! Images that come from outside: what a user attaches, and files that the model names. Everything is copied before it
//! is believed, so that what was checked is what is kept.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use base64::engine::general_purpose::STANDARD;
use base64::read::DecoderReader;
use easel_imagegen::port::{ImageSource, ImportError};
use easel_protocol::record::{Attachment, ImageErrorKind, ImageFacts};
use tempfile::TempPath;

use crate::files::thread_files::{self, ImageWriter};
use crate::files::validate_image;
use crate::home::Home;
use crate::images::arrival_notes;
use crate::os;

/// What an image from outside may be at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Size of the file.
    pub reference_bytes: u64,
    /// Width times height, as the header says.
    pub reference_pixels: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { reference_bytes: 50 << 20, reference_pixels: 100_000_000 }
    }
}

/// The copy in the store, without a handle as yet.
pub(crate) struct Copied {
    pub(crate) path: PathBuf,
    pub(crate) facts: ImageFacts,
    /// To be removed when the image has its row.
    pub(crate) note: PathBuf,
}

impl Copied {
    pub(crate) fn attachment(self, handle: String) -> Attachment {
        Attachment { id: handle, path: self.path.to_string_lossy().into_owned(), facts: self.facts }
    }
}

/// Copies the image into the store, one file for equal bytes.
pub(crate) fn copy(home: &Home, owner: &str, limits: Limits, source: &ImageSource) -> Result<Copied, ImportError> {
    let name = name_of(source);
    let mut writer = create(home, owner).map_err(|error| storage(&name, &error))?;
    let most = limits.reference_bytes;
    match source {
        ImageSource::DataUrl(url) => {
            let encoded = base64_of(url).ok_or_else(|| refused(format!("{name} is not a base64 image URL")))?;
            if encoded.len() as u64 / 4 * 3 > most + 2 {
                return Err(too_large(&name, most));
            }
            fill(&mut writer, DecoderReader::new(encoded.as_bytes(), &STANDARD), most, &name)?;
        }
        ImageSource::ClientPath(path) => {
            if !path.is_absolute() {
                return Err(refused(format!("{name} is not named by an absolute path")));
            }
            let file = os::open_regular(path).map_err(|error| unreadable(&name, &error))?;
            copy_file(&mut writer, &file, most, &name)?;
        }
        ImageSource::ModelPath { path, roots } => {
            let file = open_named(home, path, roots, &name)?;
            copy_file(&mut writer, &file, most, &name)?;
        }
    }
    accept(home, owner, writer, limits, &name)
}

fn create(home: &Home, owner: &str) -> io::Result<ImageWriter> {
    let incoming = home.incoming();
    if !incoming.is_dir() {
        os::create_private_folder(&incoming)?;
    }
    ImageWriter::create(&incoming, owner)
}

fn copy_file(writer: &mut ImageWriter, file: &File, most: u64, name: &str) -> Result<(), ImportError> {
    if file.metadata().map_err(|error| unreadable(name, &error))?.len() > most {
        return Err(too_large(name, most));
    }
    match writer.share_blocks_of(file) {
        Ok(()) => Ok(()),
        Err(_) => fill(writer, file, most, name),
    }
}

/// Copies until the end, which must come within the limit: a file may grow while it is read.
fn fill(writer: &mut ImageWriter, source: impl Read, most: u64, name: &str) -> Result<(), ImportError> {
    let mut source = source.take(most + 1);
    let mut piece = vec![0; 64 << 10];
    let mut copied = 0;
    loop {
        let read = match source.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(unreadable(name, &error)),
        };
        copied += read as u64;
        if copied > most {
            return Err(too_large(name, most));
        }
        io::Write::write_all(writer, &piece[..read]).map_err(|error| storage(name, &error))?;
    }
}

/// Checks the copy, and gives it the name of its content.
fn accept(home: &Home, owner: &str, writer: ImageWriter, limits: Limits, name: &str) -> Result<Copied, ImportError> {
    let (file, facts) = writer.finish().map_err(|error| {
        if error.kind() == io::ErrorKind::InvalidData {
            return refused(format!("{name} is not a PNG, JPEG, WebP or GIF image"));
        }
        storage(name, &error)
    })?;
    if u64::from(facts.width) * u64::from(facts.height) > limits.reference_pixels {
        let Limits { reference_pixels: most, .. } = limits;
        return Err(refused(format!("{name} has {}x{} pixels, more than {most}", facts.width, facts.height)));
    }
    if facts.bytes > limits.reference_bytes {
        return Err(too_large(name, limits.reference_bytes));
    }
    if !validate_image::is_whole(file.as_file(), facts.media_type).map_err(|error| storage(name, &error))? {
        return Err(refused(format!("{name} is damaged or cut off")));
    }
    let file_name = format!("{}.{}", facts.sha256, facts.media_type.extension());
    let path = home.attachments().join(&file_name);
    let put = || {
        let note = arrival_notes::note(home, owner, &file_name)?;
        put_once(file.into_temp_path(), &path, facts.bytes)?;
        os::sync_folder(&home.attachments())?;
        Ok(note)
    };
    let note = put().map_err(|error| storage(name, &error))?;
    Ok(Copied { path, facts, note })
}

/// Puts a file where its content has its place. Where equal bytes are, the copy goes; something else with the name goes.
fn put_once(file: TempPath, path: &Path, bytes: u64) -> io::Result<()> {
    match thread_files::put(file, path) {
        Ok(()) => Ok(()),
        Err((file, error)) if error.kind() == io::ErrorKind::AlreadyExists => {
            let is_whole = path.symlink_metadata().is_ok_and(|found| found.is_file() && found.len() == bytes);
            if is_whole { Ok(()) } else { file.persist(path).map_err(|refused| refused.error) }
        }
        Err((_, error)) => Err(error),
    }
}

/// Opens a file that lies below one of the roots, without ever looking outside them.
fn open_named(home: &Home, path: &Path, roots: &[PathBuf], name: &str) -> Result<File, ImportError> {
    if !path.is_absolute() {
        return Err(refused(format!("{name} is not named by an absolute path")));
    }
    let outside = || refused(format!("{name} lies outside the folders that may be read"));
    // A root may hold Easel's home, and that holds the images of all threads.
    if home.holds(&os::real_path(path)) {
        return Err(outside());
    }
    let mut result = Err(outside());
    for root in roots {
        // A root may be known by another name than the one in the path, such as /tmp and /private/tmp.
        let resolved = root.canonicalize().unwrap_or_else(|_| root.clone());
        let Some(relative) = path.strip_prefix(root).or_else(|_| path.strip_prefix(&resolved)).ok() else { continue };
        match os::open_beneath(root, relative) {
            Ok(file) => return Ok(file),
            Err(error) => result = Err(unreadable(name, &error)),
        }
    }
    result
}

/// What stands behind `;base64,` of an image's data URL.
fn base64_of(url: &str) -> Option<&str> {
    let (head, encoded) = url.split_once(',')?;
    let head = head.to_ascii_lowercase();
    (head.starts_with("data:image/") && head.ends_with(";base64")).then_some(encoded)
}

/// How messages name an image. Paths are escaped: they may hold anything.
fn name_of(source: &ImageSource) -> String {
    match source {
        ImageSource::DataUrl(_) => "the image of a data URL".into(),
        ImageSource::ClientPath(path) => format!("the image {path:?}"),
        ImageSource::ModelPath { path, .. } => format!("the image {path:?}"),
    }
}

fn refused(message: String) -> ImportError {
    ImportError { kind: ImageErrorKind::ReferenceRefused, message }
}

fn too_large(name: &str, most: u64) -> ImportError {
    refused(format!("{name} is larger than {most} bytes"))
}

fn unreadable(name: &str, error: &io::Error) -> ImportError {
    if error.kind() == io::ErrorKind::NotFound {
        return ImportError { kind: ImageErrorKind::ReferenceNotFound, message: format!("{name} does not exist") };
    }
    if error.kind() == io::ErrorKind::PermissionDenied {
        return refused(format!("{name} may not be read, or lies outside its folder"));
    }
    refused(format!("{name} cannot be read: {error}"))
}

fn storage(name: &str, error: &io::Error) -> ImportError {
    let message = format!("{name} could not be stored: {error}");
    ImportError { kind: ImageErrorKind::Storage, message }
}
