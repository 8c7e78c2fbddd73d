//! The item of an image call that has images.

use easel_protocol::item::{ImageGenerationItem, ImageStatus, ItemInputImage};
use easel_protocol::record::{CompositeStatus, ImageError, ImageRecord, InputImage};

/// Fills the item of a call with its images: those that the provider made, and in place of such an image the composite
/// that was made from it. `missing` says why there are fewer than requested.
pub fn complete(
    item: &mut ImageGenerationItem,
    images: Vec<ImageRecord>,
    generation_id: Option<String>,
    missing: Option<ImageError>,
) {
    let images = replace_with_composites(images);
    item.status = ImageStatus::Completed;
    item.generation_id = generation_id;
    item.error = missing;
    if let Some(first) = images.first() {
        item.saved_path = Some(first.path.clone());
        // Clients of the Codex app-server show this text. Recovery does not know the prompt of a hosted image.
        let prompt = first.revised_prompt.as_ref().unwrap_or(&first.requested.prompt);
        item.revised_prompt = (!prompt.is_empty()).then(|| prompt.clone());
        item.transparent_background = Some(first.applied.background.as_deref() == Some("transparent"));
        let input = |input: &InputImage| ItemInputImage { path: input.path.clone(), sha256: input.sha256.clone() };
        item.input_images = first.inputs.iter().map(input).collect();
    }
    item.images = images;
}

/// Returns the images of a call as its item has them, from all records that name the call. A composite that a client
/// made later is no image of the call.
pub fn replace_with_composites(records: Vec<ImageRecord>) -> Vec<ImageRecord> {
    let (composites, originals): (Vec<_>, Vec<_>) = records.into_iter().partition(|record| record.derived.is_some());
    let composite_of = |original: &ImageRecord| {
        let is_from = |record: &&ImageRecord| {
            record.derived.as_ref().is_some_and(|derived| derived.from.first() == Some(&original.id))
        };
        // The first one: a client may have made others from the same image.
        let has_own = original.edit.as_ref().is_some_and(|edit| edit.composite == CompositeStatus::Applied);
        composites.iter().find(is_from).filter(|_| has_own).cloned()
    };
    originals.into_iter().map(|original| composite_of(&original).unwrap_or(original)).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use easel_protocol::record::{Derivation, DerivationKind, EditReport};

    use super::*;
    use crate::tool_result::tests::record;

    /// An image that an edit made, whose report says what became of its composite.
    pub(crate) fn with_report(name: &str, composite: CompositeStatus) -> ImageRecord {
        let report = EditReport {
            base: "img_z".into(),
            mask: None,
            resampled: false,
            aspect_changed: false,
            shift: None,
            tolerance: 8,
            outside: None,
            inside: None,
            incomplete: None,
            composite,
        };
        ImageRecord { edit: Some(Box::new(report)), ..record(name, 9, 4) }
    }

    pub(crate) fn composite_of(original: &str, name: &str) -> ImageRecord {
        let derived = Derivation {
            from: vec![format!("img_{original}").into(), "img_z".into()],
            by: DerivationKind::Composite,
            feather: 0,
            drops_content_credentials: false,
        };
        ImageRecord { derived: Some(Box::new(derived)), ..record(name, 9, 4) }
    }

    fn ids(images: &[ImageRecord]) -> Vec<&str> {
        images.iter().map(|image| image.id.as_str()).collect()
    }

    #[test]
    fn first_composite_takes_the_place_of_its_original() {
        let records = vec![
            with_report("a", CompositeStatus::Applied),
            with_report("b", CompositeStatus::None),
            composite_of("a", "c"),
            composite_of("a", "later"),
            composite_of("b", "of a client"),
        ];
        assert_eq!(ids(&replace_with_composites(records)), ["img_c", "img_b"]);
    }

    #[test]
    fn completed_item_describes_its_first_image() {
        let mut item = ImageGenerationItem::new("call_1".into(), 5);
        let mut first = ImageRecord { revised_prompt: Some("a tabby cat".to_owned()), ..record("a", 9, 4) };
        first.applied.background = Some("transparent".to_owned());
        complete(&mut item, vec![first.clone(), record("b", 9, 4)], Some("ig_1".to_owned()), None);
        assert_eq!(item.status, ImageStatus::Completed);
        assert_eq!(item.generation_id.as_deref(), Some("ig_1"));
        assert_eq!(item.saved_path.as_deref(), Some("/home/a.png"));
        assert_eq!(item.revised_prompt.as_deref(), Some("a tabby cat"));
        assert_eq!(item.transparent_background, Some(true));
        assert_eq!(item.input_images[0].path, "/home/z.png");
        assert_eq!(ids(&item.images), ["img_a", "img_b"]);

        first.revised_prompt = None;
        first.applied.background = Some("opaque".to_owned());
        complete(&mut item, vec![first.clone()], None, None);
        assert_eq!((item.revised_prompt.as_deref(), item.transparent_background), (Some("a cat"), Some(false)));
        first.requested.prompt = String::new();
        complete(&mut item, vec![first], None, None);
        assert_eq!(item.revised_prompt, None);
    }
}
