//! Where the images are copied to.

use std::path::Path;

use easel_config::Environment;
use easel_protocol::image::{ExportFormat, ImageExportParams};
use easel_protocol::record::ImageRecord;
use easel_store::{ExistingFile, ExportError, PathError};

use crate::commands::{UsageError, file_format, to_utf8};

/// The most copies whose paths are checked: no provider makes more images at once.
const MAX_COPIES: usize = 10;
/// The color below the transparent pixels of a picture that becomes a JPEG.
const WHITE: &str = "#ffffff";

/// Where to copy the images.
#[derive(Debug)]
pub(super) struct Target {
    /// UTF-8, since the export that follows is a request.
    path: String,
    /// That of the extension. A provider may answer in another one.
    format: ExportFormat,
    overwrite: bool,
}

impl Target {
    /// Creates the target at this absolute path, in the format of its extension.
    pub(super) fn new(path: &Path, overwrite: bool) -> Result<Self, UsageError> {
        let format = file_format::of_extension(path)?;
        Ok(Self { path: to_utf8(path)?.to_owned(), format, overwrite })
    }

    /// Checks that `count` copies can be written, with the rules of the export that follows.
    pub(super) fn check(&self, environment: &Environment, count: u64) -> Result<(), UsageError> {
        let media_type = file_format::media_type(self.format);
        let home = easel_config::home(environment).map_err(|error| UsageError(error.to_string()))?;
        let existing = if self.overwrite { ExistingFile::Replace } else { ExistingFile::Keep };
        for index in 0..usize::try_from(count).unwrap_or(MAX_COPIES).clamp(1, MAX_COPIES) {
            let copy = self.numbered(index);
            let checked =
                easel_store::check_export_target(home.clone(), copy.as_ref(), &environment.cwd, media_type, existing);
            checked.map_err(|error| {
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
            path: self.numbered(index),
            format: Some(self.format),
            // A picture with transparent pixels could not become a JPEG otherwise. An opaque one does not change.
            background: (converts && self.format == ExportFormat::Jpeg).then(|| WHITE.to_owned()),
            overwrite: Some(self.overwrite),
            ..ImageExportParams::default()
        }
    }

    /// Returns the path of the image with this number, from 0: the second copy of `cat.png` is `cat-2.png`.
    fn numbered(&self, index: usize) -> String {
        match self.path.rsplit_once('.') {
            Some((stem, extension)) if index > 0 => format!("{stem}-{}.{extension}", index + 1),
            Some(_) | None => self.path.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn copies_are_numbered_from_the_second_on() {
        let target = Target::new("/a/cat.png".as_ref(), false).unwrap();
        assert_eq!(target.numbered(0), "/a/cat.png");
        assert_eq!(target.numbered(1), "/a/cat-2.png");
    }

    #[test]
    fn copy_replaces_a_file_only_on_request() {
        let folder = tempfile::tempdir().unwrap();
        let home = tempfile::tempdir().unwrap();
        let variables = BTreeMap::from([("EASEL_HOME".into(), home.path().into())]);
        let environment = Environment { variables, cwd: folder.path().to_owned(), ..Environment::default() };
        let path = folder.path().join("cat.jpg");
        let check = |path: &Path, overwrite, count| {
            let target = Target::new(path, overwrite);
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
