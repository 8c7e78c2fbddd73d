//! Composites: edits with the protected pixels put back.

use easel_protocol::image::{ImageCompositeParams, ImageListParams, ImageReadParams};
use easel_protocol::method::{ImageComposite, ImageDelete, ImageList, ImageRead, UsageRead};
use easel_protocol::record::{CompositeStatus, DerivationKind, ImageRecord, MediaType};
use easel_protocol::usage::UsageReadParams;
use serde_json::json;

use super::{EDITABLE, SIDE, Studio, ids, mask, pixels, protected_differences, report};

fn of(record: &ImageRecord) -> ImageCompositeParams {
    ImageCompositeParams { image_id: record.id.clone(), ..ImageCompositeParams::default() }
}

#[tokio::test]
async fn composite_puts_every_protected_pixel_back() {
    let mut studio = Studio::open("").await;
    let base = pixels(&studio.base.path);
    for prompt in ["repaint all", "larger by 16", "as jpeg", "one pixel", "keep"] {
        let edit = studio.edit(prompt).await;
        let composite = studio.server.request::<ImageComposite>(&of(&edit)).await.image;
        let result = pixels(&composite.path);
        assert_eq!(protected_differences(&base, &result), 0, "{prompt}");
        let middle = ((SIDE * 100 + (EDITABLE.start + EDITABLE.end) / 2) * 4) as usize;
        assert_ne!(result.rgba[middle..middle + 4], base.rgba[middle..middle + 4], "{prompt}: the edit is there");
        let derived = composite.derived.as_deref().expect("a derivation");
        assert_eq!(derived.from, [edit.id.clone(), studio.base.id.clone()]);
        assert_eq!((derived.by, derived.feather), (DerivationKind::Composite, 8));
        assert!(!derived.drops_content_credentials && !composite.synthetic);
        let outside = report(&composite).outside.as_ref().expect("a mask");
        assert_eq!((outside.changed, outside.mean_difference), (0, 0.0), "{prompt}");
        assert_eq!(composite.facts.media_type, MediaType::Png);
        assert!(pixels(&edit.path).width >= SIDE, "{prompt}: the image of the provider is kept");
    }
    studio.server.close().await;
}

#[tokio::test]
async fn composite_is_refused_with_its_reason() {
    let mut studio = Studio::open("").await;
    for (prompt, reason) in [("shift it", "moved by 12"), ("wide", "aspect ratio")] {
        let edit = studio.edit(prompt).await;
        let refusal = studio.server.request_error::<ImageComposite>(&of(&edit)).await;
        assert!(refusal.contains(reason), "{refusal}");
    }
    let edit = studio.edit("keep").await;
    let whole = ImageCompositeParams { mask_id: Some(studio.base.id.clone()), ..of(&edit) };
    let refusal = studio.server.request_error::<ImageComposite>(&whole).await;
    assert!(refusal.contains("no fully transparent pixel"), "{refusal}");
    let wide = ImageCompositeParams { feather: Some(65), ..of(&edit) };
    let refusal = studio.server.request_error::<ImageComposite>(&wide).await;
    assert!(refusal.contains("`feather`: must be between 0 and 64"), "{refusal}");
    let refusal = studio.server.request_error::<ImageComposite>(&of(&studio.base)).await;
    assert!(refusal.contains("`baseId`: is required"), "{refusal}");
    let list = studio.server.request::<ImageList>(&ImageListParams::default()).await;
    assert!(list.data.iter().all(|entry| entry.image.derived.is_none()), "nothing was stored");
    studio.server.close().await;
}

#[tokio::test]
async fn preserve_shows_the_composite_and_keeps_the_original() {
    for settings in ["", "images.keep_unmasked = \"composite\""] {
        let mut studio = Studio::open(settings).await;
        let arguments = if settings.is_empty() { json!({"preserve": true}) } else { json!({}) };
        let mut arguments = arguments;
        arguments["prompt"] = json!("repaint all");
        let response = studio.edit_with(arguments).await;
        let [composite] = response.images.as_slice() else { panic!("{:#?}", response.images) };
        let base = pixels(&studio.base.path);
        assert_eq!(protected_differences(&base, &pixels(&composite.path)), 0);
        let derived = composite.derived.as_deref().expect("a derivation");
        let params = ImageReadParams { image_id: derived.from[0].clone(), ..ImageReadParams::default() };
        let original = studio.server.request::<ImageRead>(&params).await.entry.image;
        assert!(report(&original).outside.as_ref().expect("a mask").share > 0.9);
        assert_eq!(report(&original).composite, CompositeStatus::Applied);
        assert_ne!(original.path, composite.path);
        assert!(protected_differences(&base, &pixels(&original.path)) > 0);
        let list = studio.server.request::<ImageList>(&ImageListParams::default()).await;
        let listed: Vec<ImageRecord> = list.data.into_iter().map(|entry| entry.image).collect();
        assert_eq!(listed.len(), 3);
        assert!(ids(&listed).contains(&original.id) && ids(&listed).contains(&composite.id));
        let usage = studio.server.request::<UsageRead>(&UsageReadParams::default()).await;
        let usage = serde_json::to_string(&usage).expect("JSON");
        assert!(usage.contains("\"images\":2"), "the composite costs nothing: {usage}");
        studio.server.close().await;
    }
}

#[tokio::test]
async fn preserve_of_two_images_makes_two_composites() {
    let mut studio = Studio::open("").await;
    let response = studio.edit_with(json!({"prompt": "repaint twice", "n": 2, "preserve": true})).await;
    assert_eq!(response.images.len(), 2);
    let originals: Vec<_> =
        response.images.iter().map(|image| image.derived.as_ref().expect("one").from[0].clone()).collect();
    assert_ne!(originals[0], originals[1]);
    studio.server.close().await;
}

#[tokio::test]
async fn refused_preserve_returns_the_original_and_says_why() {
    let mut studio = Studio::open("").await;
    let response = studio.edit_with(json!({"prompt": "shift it", "preserve": true})).await;
    let [image] = response.images.as_slice() else { panic!("{:#?}", response.images) };
    assert!(image.derived.is_none());
    let CompositeStatus::Refused(refused) = &report(image).composite else { panic!("{:?}", image.edit) };
    assert!(refused.refused.contains("moved by 12"), "{refused:?}");
    std::fs::write(studio.sandbox.project().join("mask.png"), b"no picture").expect("a file");
    studio.server.close().await;
}

#[tokio::test]
async fn composite_records_the_base_and_mask_that_were_used() {
    let mut studio = Studio::open("").await;
    let edit = studio.edit("repaint all").await;
    let other = studio.edit("one pixel").await;
    std::fs::write(studio.sandbox.project().join("mask.png"), mask(100..150).to_png().expect("a PNG")).expect("a file");
    let narrow = studio.edit("keep").await.mask.expect("a mask");
    assert_ne!(narrow.id, edit.mask.as_ref().expect("a mask").id);
    let params = ImageCompositeParams {
        base_id: Some(other.id.clone()),
        mask_id: narrow.id.clone(),
        feather: Some(0),
        ..of(&edit)
    };
    let composite = studio.server.request::<ImageComposite>(&params).await.image;
    let [input] = composite.inputs.as_slice() else { panic!("{:?}", composite.inputs) };
    assert_eq!((&input.id, &input.path, &input.sha256), (&Some(other.id.clone()), &other.path, &other.facts.sha256));
    assert_eq!(composite.mask.as_deref().expect("a mask"), &*narrow);
    assert_eq!(report(&composite).base, other.id);
    assert_eq!(composite.derived.as_deref().expect("a derivation").from, [edit.id.clone(), other.id.clone()]);
    let outside = report(&composite).outside.as_ref().expect("a mask");
    assert_eq!((outside.changed, outside.pixels), (0, u64::from((SIDE - 50) * SIDE)));

    let composite = studio.server.request::<ImageComposite>(&of(&edit)).await.image;
    assert_eq!((&composite.inputs, &composite.mask), (&edit.inputs, &edit.mask), "those of the edit by default");
    studio.server.close().await;
}

#[tokio::test]
async fn composite_outlives_the_deletion_of_its_original() {
    let mut studio = Studio::open("").await;
    let edit = studio.edit("repaint all").await;
    let composite = studio.server.request::<ImageComposite>(&of(&edit)).await.image;
    let delete = serde_json::from_value(json!({ "imageId": edit.id })).expect("params");
    studio.server.request::<ImageDelete>(&delete).await;
    studio.server.events_until(|event| event.method() == "image/deleted").await;
    assert!(pixels(&composite.path).width == SIDE);
    let refusal = studio.server.request_error::<ImageComposite>(&of(&edit)).await;
    assert!(refusal.contains("was deleted"), "{refusal}");
    studio.server.close().await;
}
