//! What a store needs to compare the images of a call with the image that was edited, and what it finds.

use easel_protocol::record::EditReport;

use super::{ImageJob, Reference, StagedImage};

/// What a call edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditSource {
    /// The image that was edited.
    pub base: Reference,
    /// The image whose transparent pixels may change.
    pub mask: Option<Reference>,
    /// Whether the pixels outside the mask are put back.
    pub preserve: bool,
}

impl EditSource {
    /// Returns what a call of the standalone tool edits: the first of its references. `None` if it has none.
    /// `preserve` has no effect without a mask.
    pub fn of_job(job: &ImageJob, preserve: bool) -> Option<Self> {
        let base = job.references.first()?.clone();
        Some(Self { base, preserve: preserve && job.mask.is_some(), mask: job.mask.clone() })
    }

    /// Returns what a call of the hosted tool edits: the first of the images that the model was shown, which the record
    /// names first too. `None` if it was shown none.
    pub fn of_hosted(references: &[Reference]) -> Option<Self> {
        let base = references.first()?.clone();
        Some(Self { base, mask: None, preserve: false })
    }
}

/// What the store found out about one image of an edit.
#[derive(Debug)]
pub struct ExaminedEdit {
    /// What has changed.
    pub report: EditReport,
    /// The image with the pixels outside the mask put back, if that was asked for and possible.
    pub composite: Option<StagedComposite>,
}

/// An image with the pixels outside the mask put back. It does not survive a crash until its call is settled.
#[derive(Debug)]
pub struct StagedComposite {
    /// The file.
    pub staged: StagedImage,
    /// What is different from the base now.
    pub report: EditReport,
    /// Over how many pixels the two images blend.
    pub feather: u32,
    /// Whether the file of the provider has Content Credentials.
    pub drops_content_credentials: bool,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use easel_protocol::record::{AppliedImage, ImageAction, ImageFacts, MediaType, RequestedImage};

    use super::*;
    use crate::port::{Provenance, SendGate};

    fn reference(name: &str) -> Reference {
        let facts = ImageFacts {
            sha256: "00".to_owned(),
            media_type: MediaType::Png,
            width: 1,
            height: 1,
            bytes: 1,
            has_alpha: true,
        };
        Reference { id: None, path: name.into(), facts, provenance: Provenance::Generated }
    }

    fn job(references: &[&str], mask: Option<&str>) -> ImageJob {
        ImageJob {
            item_id: "call".into(),
            idempotency_key: "key".to_owned(),
            originator: String::new(),
            requested: RequestedImage {
                action: ImageAction::Edit,
                prompt: "a cat".to_owned(),
                parameters: AppliedImage::default(),
            },
            references: references.iter().map(|name| reference(name)).collect(),
            mask: mask.map(reference),
            deadline: Duration::from_secs(1),
            partial_images: 0,
            gate: SendGate::open(),
        }
    }

    #[test]
    fn pixels_are_put_back_only_outside_a_mask() {
        for (mask, preserve, preserves) in
            [(None, false, false), (None, true, false), (Some("mask"), false, false), (Some("mask"), true, true)]
        {
            let edit = EditSource::of_job(&job(&["base", "style"], mask), preserve).expect("an edit");
            let expected = EditSource { base: reference("base"), mask: mask.map(reference), preserve: preserves };
            assert_eq!(edit, expected);
        }
        assert_eq!(EditSource::of_job(&job(&[], None), true), None);
        assert_eq!(EditSource::of_hosted(&[]), None);
        let hosted = EditSource::of_hosted(&[reference("base"), reference("style")]);
        assert_eq!(hosted, Some(EditSource { base: reference("base"), mask: None, preserve: false }));
    }
}
