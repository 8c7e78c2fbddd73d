//! Builds the record of one image from the journal, the provider's response and the file.

use std::path::Path;

use easel_protocol::id::ImageId;
use easel_protocol::record::{AppliedImage, Derivation, EditReport, ImageFacts, ImageRecord, ImageUsage};

use super::calls::CallRequest;

/// What is known about one image.
#[derive(Debug)]
pub(crate) struct ImageDetails {
    pub(crate) facts: ImageFacts,
    pub(crate) revised_prompt: Option<String>,
    /// The parameters that the provider reported.
    pub(crate) reported: AppliedImage,
    /// What was found out about an edit.
    pub(crate) edit: Option<EditReport>,
}

/// What is known about the response, which all images of a call share.
#[derive(Debug)]
pub(crate) struct ResponseDetails {
    pub(crate) usage: Option<ImageUsage>,
    pub(crate) request_id: Option<String>,
    pub(crate) elapsed_ms: u64,
    pub(crate) attempts: u32,
    /// Images in the response, without composites.
    pub(crate) count: usize,
}

/// Builds the record of an image with this handle at this path. A composite is `derived`; it has no share in what the
/// response has cost.
pub(crate) fn build(
    request: &CallRequest,
    image: &ImageDetails,
    response: &ResponseDetails,
    handle: &ImageId,
    path: &Path,
    derived: Option<Derivation>,
) -> ImageRecord {
    let is_of_provider = derived.is_none();
    ImageRecord {
        id: handle.clone(),
        path: path.to_string_lossy().into_owned(),
        facts: image.facts.clone(),
        provider: request.provider.clone(),
        model: request.model.clone(),
        requested: request.requested.clone(),
        applied: applied_parameters(&image.reported, &image.facts, response.count),
        revised_prompt: image.revised_prompt.clone(),
        inputs: request.inputs.clone(),
        mask: request.mask.clone().map(Box::new),
        edit: image.edit.clone().map(Box::new),
        derived: derived.map(Box::new),
        usage: response.usage.clone().filter(|_| is_of_provider),
        elapsed_ms: response.elapsed_ms,
        attempts: response.attempts,
        request_id: response.request_id.clone(),
        synthetic: request.synthetic,
        deleted: false,
    }
}

/// Returns the reported parameters, with gaps filled from the file. An image without an alpha channel is opaque; one
/// with an alpha channel may be either, which only decoding could tell.
fn applied_parameters(reported: &AppliedImage, facts: &ImageFacts, count: usize) -> AppliedImage {
    let reported = reported.clone();
    let format = facts.media_type.as_str().trim_start_matches("image/");
    AppliedImage {
        size: reported.size.or_else(|| Some(format!("{}x{}", facts.width, facts.height))),
        quality: reported.quality,
        background: reported.background.or_else(|| (!facts.has_alpha).then(|| "opaque".into())),
        output_format: reported.output_format.or_else(|| Some(format.into())),
        n: reported.n.or_else(|| count.try_into().ok()),
    }
}

#[cfg(test)]
mod tests {
    use easel_protocol::record::MediaType;

    use super::*;

    fn facts(has_alpha: bool) -> ImageFacts {
        ImageFacts { sha256: String::new(), media_type: MediaType::Jpeg, width: 3, height: 2, bytes: 9, has_alpha }
    }

    #[test]
    fn unreported_parameters_come_from_the_file() {
        let applied = applied_parameters(&AppliedImage::default(), &facts(false), 2);
        let expected = AppliedImage {
            size: Some("3x2".into()),
            quality: None,
            background: Some("opaque".into()),
            output_format: Some("jpeg".into()),
            n: Some(2),
        };
        assert_eq!(applied, expected);
        assert_eq!(applied_parameters(&AppliedImage::default(), &facts(true), 1).background, None);
    }

    #[test]
    fn reported_parameters_are_kept() {
        let reported = AppliedImage { size: Some("auto".into()), quality: Some("low".into()), ..Default::default() };
        let applied = applied_parameters(&reported, &facts(false), 1);
        assert_eq!((applied.size, applied.quality), (reported.size, reported.quality));
    }
}
