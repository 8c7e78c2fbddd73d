//! What a user asks for, checked before anything is sent.

use std::path::{Path, PathBuf};

use easel_config::Environment;
use easel_imagegen::handle;
use easel_protocol::id::ImageId;
use serde_json::{Map, Value};

use super::inline::InlineMode;
use crate::commands::UsageError;

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
    pub(super) path: PathBuf,
    pub(super) overwrite: bool,
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
                let target = Target { path: environment.absolute(&path), overwrite: self.overwrite };
                if let Some(format) = target.check()? {
                    self.parameters.entry("output_format").or_insert_with(|| format.into());
                }
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
    /// Checks that the copy can be written. Returns the format that the extension asks for, unless it is the usual one.
    fn check(&self) -> Result<Option<&'static str>, UsageError> {
        let shown = self.path.display();
        if !self.overwrite && self.path.symlink_metadata().is_ok() {
            return Err(UsageError(format!("{shown} already exists; --overwrite replaces it")));
        }
        if !self.path.parent().is_some_and(Path::is_dir) {
            return Err(UsageError(format!("the folder of {shown} does not exist")));
        }
        let extension = self.path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        match extension.to_ascii_lowercase().as_str() {
            "png" => Ok(None),
            "jpg" | "jpeg" => Ok(Some("jpeg")),
            "webp" => Ok(Some("webp")),
            _ => Err(UsageError(format!("{shown} needs the extension .png, .jpg or .webp"))),
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
    use super::*;

    #[test]
    fn copies_are_numbered_from_the_second_on() {
        let target = Target { path: "/a/cat.png".into(), overwrite: false };
        assert_eq!(target.numbered(0), Path::new("/a/cat.png"));
        assert_eq!(target.numbered(1), Path::new("/a/cat-2.png"));
    }

    #[test]
    fn copy_replaces_a_file_only_on_request() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cat.jpg");
        let check =
            |path: &Path, overwrite| Target { path: path.to_owned(), overwrite }.check().map_err(|error| error.0);
        assert_eq!(check(&path, false), Ok(Some("jpeg")));
        std::fs::write(&path, "").unwrap();
        assert!(check(&path, false).unwrap_err().contains("already exists"));
        assert_eq!(check(&path, true), Ok(Some("jpeg")));
        assert!(check(&folder.path().join("cat.bmp"), false).unwrap_err().contains("extension"));
        assert!(check(&folder.path().join("no/cat.png"), false).unwrap_err().contains("does not exist"));
    }
}
