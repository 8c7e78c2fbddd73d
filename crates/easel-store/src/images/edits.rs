//! Compares images with the image that was edited, one comparison at a time in the process.

mod composite;
mod credentials;
mod report;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::port::{EditSource, ExaminedEdit, GeneratedImages, StagedComposite};
use easel_picture::{Bounds, Edit, Encoded, Limits, Mask, Picture};
use easel_protocol::id::ImageId;
use easel_protocol::record::{CompositeStatus, EditReport, InputImage, MaskUse};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

pub use self::composite::CompositeError;
use self::composite::DEFAULT_FEATHER;
use self::report::{to_report, without_comparison, without_composite};
use super::lookup;
use crate::files::thread_files::ThreadFiles;
use crate::home::Home;

/// The most pixels of an image that is compared: a comparison has several pictures in memory at once.
const LIMITS: Limits = Limits { pixels: 16 << 20, whole: 16 << 20, progressive: 16 << 20 };
/// How long an image of a call, or a request, waits for its comparison. The limits on pixels bound the work itself.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// The files of two images and of a mask, all of them Easel's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedFiles {
    /// The first image, whose size counts.
    pub base: PathBuf,
    /// The second image.
    pub edited: PathBuf,
    /// The mask.
    pub mask: Option<PathBuf>,
}

/// The maximum size of a heat map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeatMapBounds {
    /// The longest edge in pixels.
    pub edge: u32,
    /// The most bytes of the encoded picture.
    pub bytes: usize,
}

/// What the composite of an image is made from, besides the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompositeSources {
    /// The image that was edited.
    pub base: InputImage,
    /// Its mask.
    pub mask: InputImage,
    /// Over how many pixels the two images blend. `None` is 8.
    pub feather: Option<u32>,
}

/// Why images could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// A file could not be read.
    #[error("the image cannot be read: {0}")]
    Read(#[from] io::Error),
    /// A picture could not be decoded or encoded.
    #[error(transparent)]
    Picture(#[from] easel_picture::Error),
    /// The mask does not fit.
    #[error(transparent)]
    Mask(#[from] easel_picture::MaskAspectError),
    /// The comparison took too long, or many others came before it.
    #[error("the comparison was not ready within {} s", TIME_LIMIT.as_secs())]
    Timeout,
    /// The call was interrupted.
    #[error("the call was interrupted before the comparison was ready")]
    Interrupted,
    /// A decoder panicked, which the panic hook has logged.
    #[error("the comparison failed inside Easel")]
    Panic,
}

/// Compares images. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct EditExaminer {
    /// A comparison may take much memory, so only one runs at a time, in the order in which they were asked for. The
    /// images of a call ask one after the other, so that a request waits for at most one image of each call.
    permit: Arc<Semaphore>,
}

impl EditExaminer {
    pub(crate) fn new() -> Self {
        Self { permit: Arc::new(Semaphore::new(1)) }
    }

    /// Runs a comparison when its turn comes. One that has begun when the time is over is completed and discarded.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, CompareError> + Send + 'static,
    ) -> Result<T, CompareError> {
        let waiting = async {
            let permit = Arc::clone(&self.permit).acquire_owned().await.map_err(|_| CompareError::Panic)?;
            let work = move || {
                let _permit = permit;
                work()
            };
            tokio::task::spawn_blocking(work).await.map_err(|_| CompareError::Panic)?
        };
        tokio::time::timeout(TIME_LIMIT, waiting).await.unwrap_or(Err(CompareError::Timeout))
    }

    /// Compares two images. Returns the report with the handle of the first one, and the heat map.
    pub(crate) async fn compare(
        &self,
        home: &Arc<Home>,
        files: ComparedFiles,
        base: ImageId,
        heat_map: Option<HeatMapBounds>,
    ) -> Result<(EditReport, Option<Encoded>), CompareError> {
        let home = Arc::clone(home);
        let compare = move || {
            let picture = decode(&home, &files.base)?;
            let mask = files.mask.as_deref().map(|mask| read_mask(&home, mask, &picture)).transpose()?;
            let edit = Edit::new(&picture, decode(&home, &files.edited)?)?;
            let report = to_report(base, None, &edit.compare(mask.as_ref()));
            let heat_map = heat_map.map(|bounds| edit.to_heat_map().to_preview(bounds.edge, bounds.bytes));
            Ok((report, heat_map.transpose()?))
        };
        self.run(compare).await
    }

    /// Makes the composite of the image at `edited`, in `files`.
    pub(crate) async fn composite(
        &self,
        home: &Arc<Home>,
        files: Arc<ThreadFiles>,
        edited: PathBuf,
        base_id: &ImageId,
        sources: CompositeSources,
    ) -> Result<StagedComposite, CompositeError> {
        let (home, base_id) = (Arc::clone(home), base_id.clone());
        let make = move || {
            let (base_path, feather) = (PathBuf::from(sources.base.path), sources.feather);
            let base = decode(&home, &base_path)?;
            let mask = read_mask(&home, sources.mask.path.as_ref(), &base)?;
            let edit = Edit::new(&base, decode(&home, &edited)?)?;
            let comparison = edit.compare(Some(&mask));
            let (paths, feather) = ((base_path.as_path(), edited.as_path()), feather.unwrap_or(DEFAULT_FEATHER));
            let made = composite::make(&home, &files, paths, (&edit, &comparison, &mask), feather);
            // A refusal is no failure of the comparison.
            Ok(made.and_then(|made| made.compare(&base, &base_id, &mask)))
        };
        self.run(make).await?
    }

    /// Examines each image of an edit, until `stop` is cancelled. The report of one that cannot be compared says why.
    pub(crate) async fn examine(
        &self,
        home: &Arc<Home>,
        files: Arc<ThreadFiles>,
        edit: EditSource,
        mut made: GeneratedImages,
        stop: &CancellationToken,
    ) -> GeneratedImages {
        let Some(base_id) = edit.base.id.clone() else { return made };
        let source = Arc::new((edit, base_id));
        for image in &mut made.images {
            let (home, files, shared) = (Arc::clone(home), Arc::clone(&files), Arc::clone(&source));
            let path = image.staged.path().to_owned();
            let examining = self.run(move || examine_image(&home, &shared, &path, &files));
            let examined = stop.run_until_cancelled(examining).await.unwrap_or(Err(CompareError::Interrupted));
            image.edit = Some(Box::new(examined.unwrap_or_else(|error| report_failure(&source, &error))));
        }
        made
    }
}

/// Returns the report of an edit that could not be compared, with the reason.
fn report_failure((edit, base_id): &(EditSource, ImageId), error: &CompareError) -> ExaminedEdit {
    tracing::info!(error = error as &dyn std::error::Error, "an edit could not be compared");
    let mask_use = edit.mask.as_ref().map(|_| MaskUse::Sent);
    let mut report = without_comparison(base_id.clone(), mask_use, error.to_string());
    if edit.preserve {
        report.composite = without_composite(error.to_string());
    }
    ExaminedEdit { report, composite: None }
}

/// Examines one image, and makes its composite in `files` if that was asked for.
fn examine_image(
    home: &Home,
    (source, base_id): &(EditSource, ImageId),
    path: &Path,
    files: &ThreadFiles,
) -> Result<ExaminedEdit, CompareError> {
    // Decoded for each image: the pixels of a base that waits for the next one would take memory.
    let base = decode(home, &source.base.path)?;
    let mask_use = source.mask.as_ref().map(|_| MaskUse::Sent);
    // An edit whose mask cannot be read is compared as a whole.
    let (mask, unread) = match source.mask.as_ref().map(|mask| read_mask(home, &mask.path, &base)).transpose() {
        Ok(mask) => (mask, None),
        Err(error) => (None, Some(error.to_string())),
    };
    let edit = Edit::new(&base, decode(home, path)?)?;
    let comparison = edit.compare(mask.as_ref());
    let mut report = to_report(base_id.clone(), mask_use, &comparison);
    if let (Some(reason), true) = (&unread, source.preserve) {
        report.composite = without_composite(reason.clone());
    }
    report.incomplete = unread.map(|reason| format!("the mask was not used: {reason}"));
    let (Some(mask), true) = (&mask, source.preserve) else { return Ok(ExaminedEdit { report, composite: None }) };
    let paths = (source.base.path.as_path(), path);
    let made = composite::make(home, files, paths, (&edit, &comparison, mask), DEFAULT_FEATHER);
    let composite = match made.and_then(|made| made.compare(&base, base_id, mask)) {
        Ok(composite) => {
            report.composite = CompositeStatus::Applied;
            Some(composite)
        }
        Err(error) => {
            tracing::info!(error = &error as &dyn std::error::Error, "a composite was not made");
            report.composite = without_composite(error.to_string());
            None
        }
    };
    Ok(ExaminedEdit { report, composite })
}

fn decode(home: &Home, path: &Path) -> Result<Picture, CompareError> {
    Ok(easel_picture::read(lookup::open(home, path)?, Bounds::edge(u32::MAX), LIMITS)?)
}

fn read_mask(home: &Home, path: &Path, base: &Picture) -> Result<Mask, CompareError> {
    Ok(Mask::new(&decode(home, path)?, (base.width, base.height))?)
}
