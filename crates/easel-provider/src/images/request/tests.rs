use std::time::Duration;

use easel_protocol::record::{AppliedImage, ImageAction, ImageFacts, MediaType, RequestedImage};
use serde_json::json;

use super::*;
use easel_imagegen::port::Provenance;
use easel_imagegen::preset::Preset;

fn job(size: Option<&str>, references: usize) -> ImageJob {
    let facts = ImageFacts {
        sha256: String::new(),
        media_type: MediaType::Webp,
        width: 1,
        height: 1,
        bytes: 100,
        has_alpha: false,
    };
    let reference = Reference { id: None, path: "/x/y.png".into(), facts, provenance: Provenance::User };
    ImageJob {
        item_id: "call_1".into(),
        idempotency_key: String::new(),
        originator: String::new(),
        requested: RequestedImage {
            action: ImageAction::Edit,
            prompt: "p".to_owned(),
            parameters: AppliedImage {
                size: size.map(str::to_owned),
                quality: Some("low".to_owned()),
                background: None,
                output_format: Some("webp".to_owned()),
                n: Some(2),
            },
        },
        references: vec![reference; references],
        mask: None,
        deadline: Duration::from_secs(1),
        partial_images: 0,
        gate: easel_imagegen::port::SendGate::open(),
    }
}

fn fields_of(preset: Preset, size: Option<&str>) -> Value {
    let request =
        build(&ApiProfile::from_preset(preset), "m", &job(size, 0), ResponseFormatField::Declared).expect("a request");
    let [BodyPart::Text(text)] = request.parts.as_slice() else { panic!("text only") };
    serde_json::from_slice(text).expect("JSON")
}

#[test]
fn each_preset_sends_only_its_own_fields() {
    let wide = Some("1536x1024");
    let openai = json!({"model": "m", "prompt": "p", "background": "auto", "quality": "low", "size": "1536x1024",
        "output_format": "webp", "n": 2});
    assert_eq!(fields_of(Preset::Openai, wide), openai);
    assert_eq!(fields_of(Preset::Litellm, wide), openai);
    let mut legacy = openai;
    legacy.as_object_mut().expect("an object").remove("model");
    assert_eq!(fields_of(Preset::AzureLegacy, wide), legacy, "the model is in the path");
    assert_eq!(fields_of(Preset::SdServer, wide), json!({"model": "m", "prompt": "p", "size": "1536x1024", "n": 2}));
    let b64 = json!({"model": "m", "prompt": "p", "size": "1536x1024", "n": 2, "response_format": "b64_json"});
    for preset in [Preset::Localai, Preset::VllmOmni, Preset::Sglang, Preset::Generic] {
        assert_eq!(fields_of(preset, wide), b64, "{preset:?}");
    }
    let together = json!({"model": "m", "prompt": "p", "width": 1536, "height": 1024, "n": 2, "output_format": "webp",
        "response_format": "base64"});
    assert_eq!(fields_of(Preset::Together, wide), together);
    let xai = json!({"model": "m", "prompt": "p", "aspect_ratio": "3:2", "resolution": "1k", "n": 2, "response_format": "b64_json"});
    assert_eq!(fields_of(Preset::Xai, wide), xai);
}

#[test]
fn auto_size_is_sent_only_if_supported() {
    for size in [None, Some("auto")] {
        assert_eq!(fields_of(Preset::Openai, size)["size"], "auto");
        for preset in [Preset::SdServer, Preset::Together, Preset::Xai, Preset::Generic] {
            let fields = fields_of(preset, size);
            for field in ["size", "width", "height", "aspect_ratio", "resolution"] {
                assert_eq!(fields.get(field), None, "{preset:?} {field}");
            }
        }
    }
}

#[test]
fn nearest_ratio_is_used() {
    for (size, ratio, resolution) in [
        ("1024x1024", "1:1", "1k"),
        ("2048x2048", "1:1", "2k"),
        ("1000x1410", "3:4", "1k"),
        ("1920x1080", "16:9", "1k"),
        ("10x1000", "9:20", "1k"),
    ] {
        let fields = fields_of(Preset::Xai, Some(size));
        assert_eq!((&fields["aspect_ratio"], &fields["resolution"]), (&json!(ratio), &json!(resolution)), "{size}");
    }
}

fn rejected(profile: &ApiProfile, job: &ImageJob) -> (ImageErrorKind, String) {
    let error = build(profile, "m", job, ResponseFormatField::Declared).expect_err("an error");
    (error.kind, error.message)
}

#[test]
fn unsupported_jobs_are_rejected() {
    use ImageErrorKind::InvalidArguments;
    let openai = ApiProfile::from_preset(Preset::Openai);
    let none = ApiProfile { edit: Edit::None, ..openai.clone() };
    assert_eq!(rejected(&none, &job(None, 1)), (InvalidArguments, "this provider cannot edit images".to_owned()));
    assert_eq!(rejected(&ApiProfile::from_preset(Preset::Xai), &job(None, 4)).0, InvalidArguments);
    assert_eq!(rejected(&ApiProfile::from_preset(Preset::Together), &job(Some("wide"), 0)).0, InvalidArguments);
    assert_eq!(rejected(&ApiProfile::from_preset(Preset::Xai), &job(Some("0x9"), 0)).0, InvalidArguments);
    let mut masked = job(None, 1);
    masked.mask = masked.references.first().cloned();
    assert_eq!(rejected(&ApiProfile::from_preset(Preset::Xai), &masked).0, InvalidArguments);
    masked.references.clear();
    assert_eq!(rejected(&openai, &masked).0, InvalidArguments);
}
