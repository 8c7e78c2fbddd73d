//! One image's record, from the journal, the provider's answer and the bytes.

use std::path::Path;

use easel_protocol::record::{AppliedImage, ImageFacts, ImageRecord, ImageUsage};

use super::Asked;

/// What is known of one image.
#[derive(Debug)]
pub(crate) struct Applied {
    pub(crate) facts: ImageFacts,
    pub(crate) revised_prompt: Option<String>,
    pub(crate) reported: AppliedImage,
}

/// What is known of the answer that all images of a call share.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) usage: Option<ImageUsage>,
    pub(crate) request_id: Option<String>,
    pub(crate) elapsed_ms: u64,
    pub(crate) attempts: u32,
    /// Images in the answer.
    pub(crate) count: usize,
}

pub(crate) fn of(asked: &Asked, image: &Applied, answer: &Answer, handle: &str, path: &Path) -> ImageRecord {
    ImageRecord {
        id: handle.into(),
        path: path.to_string_lossy().into_owned(),
        facts: image.facts.clone(),
        provider: asked.provider.clone(),
        model: asked.model.clone(),
        requested: asked.requested.clone(),
        applied: applied(&image.reported, &image.facts, answer.count),
        revised_prompt: image.revised_prompt.clone(),
        inputs: asked.inputs.clone(),
        usage: answer.usage.clone(),
        elapsed_ms: answer.elapsed_ms,
        attempts: answer.attempts,
        request_id: answer.request_id.clone(),
        synthetic: asked.synthetic,
        deleted: false,
    }
}

/// Where the provider is silent, the bytes speak. Pixels without an alpha channel are opaque; with one they may be
/// either, which only decoding would tell.
fn applied(reported: &AppliedImage, facts: &ImageFacts, count: usize) -> AppliedImage {
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
    fn what_the_provider_does_not_report_is_told_by_the_bytes() {
        let told = applied(&AppliedImage::default(), &facts(false), 2);
        let expected = AppliedImage {
            size: Some("3x2".into()),
            quality: None,
            background: Some("opaque".into()),
            output_format: Some("jpeg".into()),
            n: Some(2),
        };
        assert_eq!(told, expected);
        assert_eq!(applied(&AppliedImage::default(), &facts(true), 1).background, None);
    }

    #[test]
    fn the_report_of_the_provider_stays() {
        let reported = AppliedImage { size: Some("auto".into()), quality: Some("low".into()), ..Default::default() };
        let told = applied(&reported, &facts(false), 1);
        assert_eq!((told.size, told.quality), (reported.size, reported.quality));
    }
}
