//! Results in all formats.

use easel_protocol::record::{
    AppliedImage, Billed, ImageAction, ImageErrorKind, ImageFacts, InputImage, RequestedImage,
};
use easel_protocol::tool::ToolCallPictures;
use serde_json::Value;

use super::*;
use crate::port::image_error;

/// An image that an edit made, without a report.
pub(crate) fn record(name: &str, bytes: u64, edge: u32) -> ImageRecord {
    ImageRecord {
        id: format!("img_{name}").into(),
        path: format!("/home/{name}.png"),
        facts: ImageFacts {
            sha256: "00".to_owned(),
            media_type: MediaType::Png,
            width: edge,
            height: 4,
            bytes,
            has_alpha: false,
        },
        provider: "openai".to_owned(),
        model: "gpt-image-2".to_owned(),
        requested: RequestedImage {
            action: ImageAction::Edit,
            prompt: "a cat".to_owned(),
            parameters: AppliedImage::default(),
        },
        applied: AppliedImage::default(),
        revised_prompt: None,
        inputs: vec![InputImage { id: Some("img_z".into()), path: "/home/z.png".to_owned(), sha256: "00".to_owned() }],
        mask: None,
        edit: None,
        derived: None,
        usage: None,
        elapsed_ms: 1,
        attempts: 1,
        request_id: None,
        synthetic: false,
        deleted: false,
    }
}

fn picture(base64: &str, is_preview: bool) -> Option<EncodedPicture> {
    let media_type = if is_preview { MediaType::Jpeg } else { MediaType::Png };
    Some(EncodedPicture { media_type, base64: base64.to_owned(), is_preview })
}

const FORMATS: [ToolCallFormat; 4] =
    [ToolCallFormat::Responses, ToolCallFormat::Anthropic, ToolCallFormat::Mcp, ToolCallFormat::Codex];

fn formatted(
    images: &[ImageRecord],
    pictures: Vec<Option<EncodedPicture>>,
    error: Option<&ImageError>,
    format: ToolCallFormat,
) -> Value {
    let call_id = CallId::from("toolu_01 .é");
    let detail = ImageDetail::High;
    let result = ToolOutput { call_id: &call_id, images, pictures, error, replayed: false, detail };
    let (result, content) = super::format(result, format);
    match content {
        Some(content) => {
            assert!(result.is_none(), "the bytes are sent once");
            serde_json::to_value(content).unwrap()
        }
        None => serde_json::to_value(result.unwrap()).unwrap(),
    }
}

#[test]
fn each_format_has_pictures_and_texts_in_order() {
    let images = [record("a", 9, 4), record("b", 9, 4)];
    for format in FORMATS {
        let pictures = vec![picture("QQ==", false), picture("Qg==", true)];
        insta::assert_json_snapshot!(formatted(&images, pictures, None, format));
    }
}

#[test]
fn failure_is_a_sentence_in_each_format() {
    let error = ImageError { billed: Billed::Uncertain, ..image_error(ImageErrorKind::Timeout, "timed out") };
    for format in FORMATS {
        insta::assert_json_snapshot!(formatted(&[], Vec::new(), Some(&error), format));
    }
}

#[test]
fn incomplete_result_is_no_error() {
    let error = image_error(ImageErrorKind::Timeout, "1 of 2 images arrived");
    let images = [record("a", 9, 4)];
    let text = formatted(&images, vec![None], Some(&error), ToolCallFormat::Anthropic);
    assert_eq!(text["is_error"], false);
    assert!(text["content"][1]["text"].as_str().unwrap().starts_with("Not all images were made"), "{text}");
}

#[test]
fn deleted_image_has_no_picture_and_no_link() {
    let images = [ImageRecord { deleted: true, ..record("a", 9, 4) }];
    assert_eq!(choose_pictures(&images, ToolCallFormat::Mcp, ToolCallPictures::Original), [Picture::None]);
    let result = formatted(&images, vec![None], None, ToolCallFormat::Mcp);
    assert_eq!(result["content"].as_array().unwrap().len(), 1);
    assert!(result["content"][0]["text"].as_str().unwrap().starts_with("Image img_a was deleted"), "{result}");
}

#[test]
fn file_that_is_too_large_becomes_a_preview() {
    let choose = |bytes, edge, format, wanted| choose_pictures(&[record("a", bytes, edge)], format, wanted)[0];
    let original = ToolCallPictures::Original;
    let cases = [
        (ToolCallFormat::Anthropic, 3_750_000, 2_000, Picture::Original),
        (ToolCallFormat::Anthropic, 3_750_001, 2_000, Picture::Preview),
        (ToolCallFormat::Anthropic, 9, 2_001, Picture::Preview),
        (ToolCallFormat::Responses, 20_000_000, 8_000, Picture::Original),
        (ToolCallFormat::Mcp, 20_000_001, 4, Picture::Preview),
        (ToolCallFormat::Codex, 20_000_001, 4, Picture::Preview),
    ];
    for (format, bytes, edge, expected) in cases {
        assert_eq!(choose(bytes, edge, format, original), expected, "{format:?} {bytes} {edge}");
        assert_eq!(choose(bytes, edge, format, ToolCallPictures::Preview), Picture::Preview);
        assert_eq!(choose(bytes, edge, format, ToolCallPictures::None), Picture::None);
    }
}

#[test]
fn files_of_a_result_share_one_limit() {
    let images = [record("a", 15_000_000, 4), record("b", 5_000_000, 4), record("c", 1, 4)];
    let chosen = choose_pictures(&images, ToolCallFormat::Responses, ToolCallPictures::Original);
    assert_eq!(chosen, [Picture::Original, Picture::Original, Picture::Preview]);
}

#[test]
fn short_record_of_a_long_prompt_is_short() {
    let mut long = record("a", 9, 4);
    long.requested.prompt = "ü".repeat(32_000);
    let result = formatted(&[long], vec![None], None, ToolCallFormat::Mcp);
    let text = result["content"][0]["text"].as_str().unwrap();
    let last = text.lines().last().unwrap();
    assert!(last.len() < 2_048, "{}", last.len());
    assert_eq!(serde_json::from_str::<Value>(last).unwrap()["images"][0]["id"], "img_a");
}
