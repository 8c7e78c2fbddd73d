//! Makes the composite of an edit: the edit, with the pixels outside the mask put back.

use std::io::{self, BufReader, Write};
use std::path::Path;

use easel_imagegen::port::{Files, StagedComposite, StagedImage, StorageError};
use easel_picture::{Comparison, Composite, Edit, Mask, Picture};
use easel_protocol::id::ImageId;
use easel_protocol::record::{CompositeStatus, MaskUse};

use super::CompareError;
use super::credentials::has_content_credentials;
use super::report::to_report;
use crate::files::thread_files::ThreadFiles;
use crate::home::Home;
use crate::images::lookup;

/// Over how many pixels the two images blend if nothing else is said.
pub(super) const DEFAULT_FEATHER: u32 = 8;
/// Bytes of an image that are read at once.
const BUFFER_BYTES: usize = 64 << 10;

/// Why a composite was not made.
#[derive(Debug, thiserror::Error)]
pub enum CompositeError {
    /// It would be worse than the edit.
    #[error(transparent)]
    Refused(#[from] easel_picture::CompositeError),
    /// The images could not be compared.
    #[error(transparent)]
    Compare(#[from] CompareError),
    /// The file could not be written in the folder of its thread.
    #[error("the image cannot be stored: {0}")]
    Store(#[source] io::Error),
    /// The edit was deleted meanwhile.
    #[error("image not found")]
    ImageNotFound,
    /// The database could not be written.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A composite on the disk, and its pixels.
pub(super) struct MadeComposite {
    staged: StagedImage,
    made: Composite,
    drops_content_credentials: bool,
}

/// Makes the composite of an edit and writes it to a file. `base_path` and `edited_path` are the files of the edit.
pub(super) fn make(
    home: &Home,
    files: &ThreadFiles,
    (base_path, edited_path): (&Path, &Path),
    (edit, comparison, mask): (&Edit<'_>, &Comparison, &Mask),
    feather: u32,
) -> Result<MadeComposite, CompositeError> {
    let base_file = lookup::open(home, base_path).map_err(CompareError::Read)?;
    let features = easel_picture::features(base_file);
    features.map_err(CompareError::Picture)?.allow_composite()?;
    let made = edit.composite(comparison, mask, feather)?;
    let png = made.picture.to_fast_png().map_err(CompareError::Picture)?;
    let write = || {
        let mut writer = files.create()?;
        writer.write_all(&png)?;
        let mut staged = files.stage_composite(writer)?;
        staged.displaced.take().map_or(Ok(staged), Err)
    };
    let staged = write().map_err(CompositeError::Store)?;
    let edited_file = lookup::open(home, edited_path).map_err(CompareError::Read)?;
    let edited_file = BufReader::with_capacity(BUFFER_BYTES, edited_file);
    let drops_content_credentials = has_content_credentials(edited_file).map_err(CompareError::Read)?;
    Ok(MadeComposite { staged, made, drops_content_credentials })
}

impl MadeComposite {
    /// Compares the composite with its base, and drops its pixels.
    pub(super) fn compare(
        self,
        base: &Picture,
        base_id: &ImageId,
        mask: &Mask,
    ) -> Result<StagedComposite, CompositeError> {
        let Self { staged, made, drops_content_credentials } = self;
        let comparison = Edit::new(base, made.picture).map_err(CompareError::Picture)?.compare(Some(mask));
        let mut report = to_report(base_id.clone(), Some(MaskUse::Sent), &comparison);
        report.composite = CompositeStatus::Applied;
        Ok(StagedComposite { staged, report, feather: made.feather, drops_content_credentials })
    }
}
