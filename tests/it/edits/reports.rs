//! The report of an edit.

use easel_picture::{Edit, Mask};
use easel_protocol::image::{ImageCompareParams, ImageReadParams, PreviewSize};
use easel_protocol::method::{ImageCompare, ImageRead};
use easel_protocol::record::{CompositeStatus, MaskUse, MediaType, PixelBox, Shift};
use serde_json::json;

use super::{SIDE, Studio, mask, pixels, report};

#[tokio::test]
async fn edit_within_its_mask_changes_nothing_outside() {
    let mut studio = Studio::open("").await;
    let record = studio.edit("keep to the mask").await;
    let report = report(&record);
    assert_eq!((&report.base, report.mask), (&studio.base.id, Some(MaskUse::Sent)));
    let (inside, outside) = (report.inside.as_ref().expect("counts"), report.outside.as_ref().expect("a mask"));
    assert_eq!((outside.changed, outside.share, outside.mean_difference, outside.bounds), (0, 0.0, 0.0, None));
    assert_eq!((outside.pixels, inside.pixels), (192 * 256, 64 * 256));
    assert!(inside.share > 0.9, "{inside:?}");
    assert_eq!((report.shift, report.resampled, report.aspect_changed), (None, false, false));
    assert_eq!((&report.composite, report.tolerance), (&CompositeStatus::None, 8));
    let mask = record.mask.as_deref().expect("the mask is remembered");
    assert!(mask.id.is_some() && mask.path.ends_with(".png"), "{mask:?}");
    studio.server.close().await;
}

#[tokio::test]
async fn report_says_what_an_unfaithful_provider_did() {
    let mut studio = Studio::open("").await;
    let record = studio.edit("repaint all").await;
    let outside = report(&record).outside.as_ref().expect("a mask");
    assert!(outside.share > 0.9 && outside.mean_difference > 30.0, "{outside:?}");
    assert_eq!(outside.bounds, Some(PixelBox { x: 0, y: 0, width: SIDE, height: SIDE }));

    let record = studio.edit("shift it").await;
    assert_eq!(report(&record).shift, Some(Shift { x: 12, y: 0 }));

    let record = studio.edit("larger by 16").await;
    let larger = report(&record);
    assert_eq!((larger.resampled, larger.aspect_changed, larger.shift), (true, false, None));
    assert_eq!((record.facts.width, record.facts.height), (SIDE + 16, SIDE + 16));

    let record = studio.edit("wide").await;
    assert_eq!((report(&record).resampled, report(&record).aspect_changed), (true, true));

    let record = studio.edit("as jpeg").await;
    let outside = report(&record).outside.as_ref().expect("a mask");
    assert_eq!(record.facts.media_type, MediaType::Jpeg);
    assert!(outside.mean_difference > 0.0 && outside.mean_difference < 3.0, "{outside:?}");
    assert!(outside.share < 0.1, "{outside:?}");

    let record = studio.edit("one pixel").await;
    let outside = report(&record).outside.as_ref().expect("a mask");
    assert_eq!((outside.changed, outside.bounds), (1, Some(PixelBox { x: 20, y: 10, width: 1, height: 1 })));
    assert!(outside.share > 0.0, "{outside:?}");
    studio.server.close().await;
}

#[tokio::test]
async fn report_is_stored_with_the_record() {
    let mut studio = Studio::open("").await;
    let record = studio.edit("repaint all").await;
    studio.server.close().await;
    let mut server = studio.sandbox.start_server().await;
    let params = ImageReadParams { image_id: record.id.clone(), ..ImageReadParams::default() };
    assert_eq!(server.request::<ImageRead>(&params).await.entry.image, record);
    server.close().await;
}

#[tokio::test]
async fn any_two_images_are_compared_on_request() {
    let mut studio = Studio::open("").await;
    let record = studio.edit("one pixel").await;
    let mut params = ImageCompareParams {
        a: studio.base.id.clone(),
        b: record.id.clone(),
        mask_id: record.mask.as_ref().and_then(|mask| mask.id.clone()),
        heat_map: Some(PreviewSize { max_edge: Some(4_096), max_bytes: Some(1 << 20) }),
    };
    let compared = studio.server.request::<ImageCompare>(&params).await;
    let recorded = report(&record);
    assert_eq!((&compared.report.outside, &compared.report.inside), (&recorded.outside, &recorded.inside));
    assert_eq!((&compared.report.base, compared.report.mask), (&studio.base.id, None));
    let heat_map = compared.heat_map.expect("a heat map");
    assert_eq!((heat_map.media_type, heat_map.width, heat_map.height), (MediaType::Png, SIDE, SIDE));

    params.mask_id = None;
    params.heat_map = None;
    let compared = studio.server.request::<ImageCompare>(&params).await;
    let (base, edited) = (pixels(&studio.base.path), pixels(&record.path));
    let mask = Mask::new(&mask(0..0), (SIDE, SIDE)).expect("one aspect");
    let everything = Edit::new(&base, edited).expect("one size").compare(Some(&mask)).outside.expect("a mask");
    assert_eq!(
        (compared.report.outside, compared.report.inside.map(|inside| inside.changed)),
        (None, Some(everything.changed))
    );
    assert!(compared.heat_map.is_none());

    params.b = "img_00000000000000000000000000".into();
    let refusal = studio.server.request_error::<ImageCompare>(&params).await;
    assert!(refusal.contains("not found"), "{refusal}");
    studio.server.close().await;
}

#[tokio::test]
async fn unusable_mask_leaves_a_report_with_the_reason() {
    let mut studio = Studio::open("").await;
    let mut damaged = mask(0..9).to_png().expect("a PNG");
    let middle = damaged.len() / 2;
    damaged[middle..middle + 8].fill(0xff);
    let wide = mask(0..9).stretch(SIDE * 2, SIDE).expect("a wide mask").to_png().expect("a PNG");
    for (file, reason) in [(damaged, "damaged"), (wide, "the aspect ratio of the mask differs")] {
        std::fs::write(studio.sandbox.project().join("mask.png"), file).expect("a file");
        for preserve in [false, true] {
            let response = studio.edit_with(json!({ "prompt": "one pixel", "preserve": preserve })).await;
            let report = report(&response.images[0]);
            let incomplete = report.incomplete.as_deref().expect("a reason");
            assert!(incomplete.starts_with("the mask was not used: ") && incomplete.contains(reason), "{incomplete}");
            assert_eq!((report.mask, &report.outside), (Some(MaskUse::Sent), &None));
            assert!(report.inside.as_ref().is_some_and(|inside| inside.changed > 0), "the whole picture: {report:?}");
            assert_eq!(matches!(report.composite, CompositeStatus::Refused(_)), preserve, "{report:?}");
        }
    }
    studio.server.close().await;
}

#[tokio::test]
async fn result_that_cannot_be_compared_has_no_counts() {
    let mut studio = Studio::open("").await;
    for preserve in [false, true] {
        let response = studio.edit_with(json!({ "prompt": "cut off", "preserve": preserve })).await;
        let report = report(&response.images[0]);
        assert_eq!((&report.inside, &report.outside), (&None, &None));
        assert!(report.incomplete.as_deref().is_some_and(|reason| reason.contains("damaged")), "{report:?}");
        assert_eq!(matches!(report.composite, CompositeStatus::Refused(_)), preserve, "{report:?}");
    }
    studio.server.close().await;
}
