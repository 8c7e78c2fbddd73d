//! What a user asks for, checked before anything is sent.

use std::path::{Path, PathBuf};

use easel_config::Environment;
use easel_imagegen::handle;
use easel_protocol::id::ImageId;
use easel_protocol::image::{ExportFormat, ImageExportParams};
use easel_protocol::record::ImageRecord;
use easel_store::{ExistingFile, ExportError, PathError};
use serde_json::{Map, Value};

use super::inline::InlineMode;
use crate::commands::{UsageError, file_format};

/// The most copies whose paths are checked: no provider makes more images at once.
const MAX_COPIES: usize = 10;
/// The color below the transparent pixels of a picture that becomes a JPEG.
const WHITE: &str = "#ffffff";

/// The arguments of `easel draw`.
#[derive(Debug)]
pub(crate) struct DrawOptions {
    pub(crate) prompt: String,
    /// Files and handles of images to edit.
    pub(crate) images: Vec<String>,
    pub(crate) mask: Option<String>,
    /// Arguments of the image tool by name.
    pub(crate) parameters: Map<String, Value>,
    pub(crate) out: Option<PathBuf>,
    pub(crate) overwrite: bool,
    /// Whether to continue the newest thread of the working folder.
    pub(crate) continues: bool,
    /// The provider instead of the configured one, or of that of the thread.
    pub(crate) provider: Option<String>,
    pub(crate) json: bool,
    pub(crate) open: bool,
    pub(crate) inline: Option<InlineMode>,
    /// Whether the user has asked for previews.
    pub(crate) asks_for_previews: bool,
}

/// An image that a user names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    File(PathBuf),
    Handle(ImageId),
}

impl Source {
    /// Parses a handle or the path of a file that exists.
    fn parse(text: &str, environment: &Environment) -> Result<Self, UsageError> {
        if handle::is_handle(text) {
            return Ok(Self::Handle(text.into()));
        }
        let path = environment.absolute(Path::new(text));
        if path.is_file() { Ok(Self::File(path)) } else { Err(UsageError(format!("{text} is not a file or a handle"))) }
    }
}

/// What to draw.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) prompt: String,
    pub(super) images: Vec<Source>,
    pub(super) mask: Option<Source>,
    pub(super) parameters: Map<String, Value>,
    pub(super) continues: bool,
    pub(super) provider: Option<String>,
}

/// Where to copy the images.
#[derive(Debug)]
pub(super) struct Target {
    path: PathBuf,
    /// That of the extension. A provider may answer in another one.
    format: ExportFormat,
    overwrite: bool,
}

impl DrawOptions {
    /// Checks the arguments. A mistake costs nothing as long as nothing was sent.
    ///
    /// # Errors
    /// If an image or the folder of the copy does not exist, or the copy would replace a file.
    pub(super) fn check(&mut self, environment: &Environment) -> Result<(Request, Option<Target>), UsageError> {
        let source = |text: &String| Source::parse(text, environment);
        let images = self.images.iter().map(source).collect::<Result<Vec<_>, _>>()?;
        let mask = self.mask.as_ref().map(source).transpose()?;
        let target = match self.out.take() {
            Some(path) => {
                let target = Target::new(environment.absolute(&path), self.overwrite)?;
                let count = self.parameters.get("n").and_then(Value::as_u64).unwrap_or(1);
                target.check(environment, count)?;
                Some(target)
            }
            None => None,
        };
        let request = Request {
            prompt: std::mem::take(&mut self.prompt),
            images,
            mask,
            parameters: std::mem::take(&mut self.parameters),
            continues: self.continues,
            provider: self.provider.take(),
        };
        Ok((request, target))
    }
}

impl Request {
    /// Returns whether the prompt goes to the image tool as it is, without a chat model, which would have to guess what
    /// the parameters are.
    pub(super) fn is_direct(&self) -> bool {
        self.mask.is_some() || !self.parameters.is_empty()
    }
}

impl Target {
    /// Creates the target at this absolute path, in the format of its extension.
    fn new(path: PathBuf, overwrite: bool) -> Result<Self, UsageError> {
        let format = file_format::of_extension(&path)?;
        Ok(Self { path, format, overwrite })
    }

    /// Checks that `count` copies can be written, with the rules of the export that follows.
    fn check(&self, environment: &Environment, count: u64) -> Result<(), UsageError> {
        let media_type = file_format::media_type(self.format);
        let home = easel_config::home(environment).map_err(|error| UsageError(error.to_string()))?;
        let existing = if self.overwrite { ExistingFile::Replace } else { ExistingFile::Keep };
        for index in 0..usize::try_from(count).unwrap_or(MAX_COPIES).clamp(1, MAX_COPIES) {
            let copy = self.numbered(index);
            let checked = easel_store::check_export_target(home.clone(), &copy, &environment.cwd, media_type, existing);
            checked.map_err(|error| {
                let copy = copy.display();
                UsageError(match error {
                    ExportError::Path(PathError::Exists) => format!("{copy} already exists; --overwrite replaces it"),
                    ExportError::Path(error) => format!("{copy} {error}"),
                    ExportError::Storage(error) => format!("{copy}: {}", error.client_message()),
                    ExportError::ImageNotFound => format!("{copy}: {error}"),
                })
            })?;
        }
        Ok(())
    }

    /// Returns the params that copy an image of this format to the path with this number, as [`Self::numbered`] says.
    /// Equal formats are copied byte by byte.
    pub(super) fn export(&self, index: usize, image: &ImageRecord) -> ImageExportParams {
        let converts = file_format::media_type(self.format) != image.facts.media_type;
        ImageExportParams {
            image_id: image.id.clone(),
            path: self.numbered(index).display().to_string(),
            format: Some(self.format),
            // A picture with transparent pixels could not become a JPEG otherwise. An opaque one does not change.
            background: (converts && self.format == ExportFormat::Jpeg).then(|| WHITE.to_owned()),
            overwrite: Some(self.overwrite),
            ..ImageExportParams::default()
        }
    }

    /// Returns the path of the image with this number, from 0: the second copy of `cat.png` is `cat-2.png`.
    pub(super) fn numbered(&self, index: usize) -> PathBuf {
        if index == 0 {
            return self.path.clone();
        }
        let text = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
        let (stem, extension) = (text(self.path.file_stem()), text(self.path.extension()));
        self.path.with_file_name(format!("{stem}-{}.{extension}", index + 1))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn copies_are_numbered_from_the_second_on() {
        let target = Target::new("/a/cat.png".into(), false).unwrap();
        assert_eq!(target.numbered(0), Path::new("/a/cat.png"));
        assert_eq!(target.numbered(1), Path::new("/a/cat-2.png"));
    }

    #[test]
    fn copy_replaces_a_file_only_on_request() {
        let folder = tempfile::tempdir().unwrap();
        let home = tempfile::tempdir().unwrap();
        let variables = BTreeMap::from([("EASEL_HOME".into(), home.path().into())]);
        let environment = Environment { variables, cwd: folder.path().to_owned(), ..Environment::default() };
        let path = folder.path().join("cat.jpg");
        let check = |path: &Path, overwrite, count| {
            let target = Target::new(path.to_owned(), overwrite);
            target.and_then(|target| target.check(&environment, count)).map_err(|error| error.0)
        };
        assert_eq!(check(&path, false, 1), Ok(()));
        std::fs::write(folder.path().join("cat-3.jpg"), "").unwrap();
        assert_eq!(check(&path, false, 2), Ok(()));
        assert!(check(&path, false, 3).unwrap_err().contains("cat-3.jpg already exists"));
        std::fs::write(&path, "").unwrap();
        assert!(check(&path, false, 1).unwrap_err().contains("already exists"));
        assert_eq!(check(&path, true, 3), Ok(()));
        assert!(check(&folder.path().join("cat.bmp"), false, 1).unwrap_err().contains("extension"));
        assert!(check(&folder.path().join("no/cat.png"), false, 1).unwrap_err().contains("does not exist"));
        assert!(check(&home.path().join("cat.png"), false, 1).unwrap_err().contains("Easel's own home"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "the check leaves no file");
    }
}
