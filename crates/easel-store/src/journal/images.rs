//! The images of a call while it is settled.

use std::io;
use std::path::{Path, PathBuf};

use easel_imagegen::port::{GeneratedImage, StagedComposite, StagedImage};
use easel_protocol::id::ImageId;
use easel_protocol::record::{AppliedImage, Derivation, DerivationKind, EditReport};

use super::calls::JournalCall;
use super::record::ImageDetails;
use crate::db::connection::Database;
use crate::error::Error;
use crate::files::free_name::free_path;
use crate::files::staged;
use crate::home::file_name;
use crate::images::lookup;

/// An image that a provider made, or a composite, with its file either staged or at its final path.
pub(super) struct SettlingImage {
    /// `None` once the file is at [`SettlingImage::path`].
    pub(super) staged: Option<StagedImage>,
    pub(super) details: ImageDetails,
    /// What it was made from, if it is a composite.
    composite: Option<CompositeSource>,
    pub(super) path: PathBuf,
}

/// What a composite was made from.
#[derive(Debug, Clone)]
pub(super) struct CompositeSource {
    /// The position of the provider's image among the images of the call.
    position: usize,
    base: ImageId,
    feather: u32,
    drops_content_credentials: bool,
}

impl SettlingImage {
    /// Returns the images of a response, then the composites that were made from them.
    pub(super) fn all(images: Vec<GeneratedImage>) -> Vec<Self> {
        let mut composites = Vec::new();
        let mut settling: Vec<Self> = images
            .into_iter()
            .enumerate()
            .map(|(position, image)| {
                let (revised_prompt, edit) = (image.revised_prompt.clone(), image.edit.map(|edit| *edit));
                let (report, composite) = edit.map(|edit| (edit.report, edit.composite)).unzip();
                composites.extend(composite.flatten().map(|made| Self::composite(made, position, revised_prompt)));
                Self::new(image.staged, image.revised_prompt, image.applied, report, None)
            })
            .collect();
        settling.append(&mut composites);
        settling
    }

    fn composite(made: StagedComposite, position: usize, revised_prompt: Option<String>) -> Self {
        let StagedComposite { staged, report, feather, drops_content_credentials } = made;
        let source = CompositeSource { position, base: report.base.clone(), feather, drops_content_credentials };
        Self::new(staged, revised_prompt, AppliedImage::default(), Some(report), Some(source))
    }

    fn new(
        staged: StagedImage,
        revised_prompt: Option<String>,
        reported: AppliedImage,
        edit: Option<EditReport>,
        composite: Option<CompositeSource>,
    ) -> Self {
        let details = ImageDetails { facts: staged.facts().clone(), revised_prompt, reported, edit };
        Self { staged: Some(staged), details, composite, path: PathBuf::new() }
    }

    /// Returns whether this was not made by the provider.
    pub(super) const fn is_composite(&self) -> bool {
        self.composite.is_some()
    }

    /// Returns how a composite was made, if this is one. `handles` are those of all images of the call.
    pub(super) fn derivation(&self, handles: &[ImageId]) -> Option<Derivation> {
        let source = self.composite.as_ref()?;
        Some(Derivation {
            from: vec![handles.get(source.position)?.clone(), source.base.clone()],
            by: DerivationKind::Composite,
            feather: source.feather,
            drops_content_credentials: source.drops_content_credentials,
        })
    }
}

/// Chooses free paths for the files that are still staged.
pub(super) fn choose_paths(database: &Database, call: &JournalCall, images: &mut [SettlingImage]) {
    let folder = database.home.thread_images(&call.thread_id);
    let name = file_name::from_id(&call.item_id);
    let mut number = 0;
    for image in images.iter_mut().filter(|image| image.staged.is_some()) {
        let extension = image.details.facts.media_type.extension();
        let has_row =
            |path: &Path| lookup::has_row(&database.connection, &database.home, &call.thread_id, path).unwrap_or(false);
        (image.path, number) = free_path(&folder, &name, extension, number + 1, has_row);
    }
}

/// Renames the staged files to their paths. Returns false if another process took one of the names meanwhile.
pub(super) fn rename_all(images: &mut [SettlingImage]) -> Result<bool, Error> {
    for image in images {
        let Some(staged) = image.staged.take() else { continue };
        if let Err((staged, error)) = staged::finish(staged, &image.path) {
            image.staged = Some(staged);
            if error.kind() == io::ErrorKind::AlreadyExists {
                return Ok(false);
            }
            return Err(Error::io("store the image", &image.path)(error));
        }
    }
    Ok(true)
}
