//! Copies an image out of the store, to a place that a client names.

use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};

use easel_imagegen::port::StorageError;
use easel_protocol::record::MediaType;

use crate::error::Error;
use crate::home::Home;
use crate::images::import;
use crate::lists::image_list::{self, StoredImage};
use crate::os;
use crate::store::EaselStore;

/// What becomes of a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExistingFile {
    /// It stays, and nothing is copied.
    Keep,
    Replace,
}

/// What was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedImage {
    pub path: PathBuf,
    pub bytes: u64,
}

/// Why nothing was copied.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// No image has the handle, or it was deleted.
    #[error("image not found")]
    ImageNotFound,
    /// What is wrong with the path.
    #[error("{0}")]
    Path(String),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<Error> for ExportError {
    fn from(error: Error) -> Self {
        Self::Storage(error.into())
    }
}

impl EaselStore {
    /// Copies an image to `target`, whole or not at all.
    ///
    /// `target` must be an absolute path of a file with an extension of the image's format, in a folder that is there,
    /// outside of Easel's home and not in or below a folder whose name begins with a dot, unless `cwd` lies in that
    /// folder too. Links of the folder are followed before it is judged; one in the file's place is not.
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
        let copying = import::blocking(move || {
            let path = judged(&home, &target, &cwd, image.media_type(), existing).map_err(ExportError::Path)?;
            let source = image_list::open(&home, image.path()).map_err(Error::io("read the image", image.path()))?;
            let bytes = copy(source, &path, existing).map_err(|error| {
                if error.kind() == io::ErrorKind::AlreadyExists {
                    return ExportError::Path(EXISTS.to_owned());
                }
                Error::io("write the file", &path)(error).into()
            })?;
            Ok(ExportedImage { path, bytes })
        });
        copying.await?
    }
}

const EXISTS: &str = "is there already; ask with overwrite to replace it";

/// The path with the links of its folder followed, or what is wrong with it.
fn judged(home: &Home, target: &Path, cwd: &Path, media: MediaType, existing: ExistingFile) -> Result<PathBuf, String> {
    if !target.is_absolute() {
        return Err("must be an absolute path".to_owned());
    }
    let (Some(folder), Some(name)) = (target.parent(), target.file_name()) else {
        return Err("names no file".to_owned());
    };
    let name = name.to_str().filter(|name| !name.starts_with('.') && !name.chars().any(char::is_control));
    let name = name.ok_or("must have a plain file name that does not begin with a dot")?;
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if !extensions(media).iter().any(|known| known.eq_ignore_ascii_case(extension)) {
        return Err(format!("must end in .{}, since the image is {}", extensions(media).join(" or ."), media.as_str()));
    }
    let folder = fs::canonicalize(folder).ok().filter(|folder| folder.is_dir());
    let folder = folder.ok_or("is in a folder that is not there")?;
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if home.contains(&folder) {
        return Err("is in Easel's own home".to_owned());
    }
    if has_dot_folder(&folder, &real(cwd)) {
        return Err("is below a folder whose name begins with a dot".to_owned());
    }
    let path = folder.join(name);
    match (path.symlink_metadata(), existing) {
        (Err(_), _) => Ok(path),
        (Ok(_), ExistingFile::Keep) => Err(EXISTS.to_owned()),
        (Ok(held), ExistingFile::Replace) if held.is_file() => Ok(path),
        (Ok(_), ExistingFile::Replace) => Err("is no regular file and is not replaced".to_owned()),
    }
}

fn extensions(media: MediaType) -> &'static [&'static str] {
    match media {
        MediaType::Png => &["png"],
        MediaType::Jpeg => &["jpg", "jpeg"],
        MediaType::Webp => &["webp"],
        MediaType::Gif => &["gif"],
    }
}

/// Whether the folder lies in one with a leading dot that the working folder does not lie in: those hold the settings and
/// hooks of programs.
fn has_dot_folder(folder: &Path, cwd: &Path) -> bool {
    let shared = folder.components().zip(cwd.components()).take_while(|(ours, theirs)| ours == theirs).count();
    let is_dotted = |part: Component<'_>| matches!(part, Component::Normal(name) if name.as_encoded_bytes()[0] == b'.');
    folder.components().skip(shared).any(is_dotted)
}

fn copy(mut source: File, path: &Path, existing: ExistingFile) -> io::Result<u64> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut file = os::visible_file_in(folder)?;
    let bytes = io::copy(&mut source, file.as_file_mut())?;
    file.as_file().sync_all()?;
    match existing {
        ExistingFile::Keep => file.persist_noclobber(path)?,
        ExistingFile::Replace => file.persist(path)?,
    };
    os::sync_folder(folder)?;
    Ok(bytes)
}
