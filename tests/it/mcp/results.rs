//! What a result contains, and how long it is.

use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easel_picture::{Bounds, Limits, Picture};
use easel_testkit::http::{MockServer, Response};
use easel_testkit::image::noise_png;
use serde_json::{Value, json};

use super::{Host, handle_of, kinds, record_of, sandbox, text_of};
use crate::edits::{EDITABLE, mask, provider};
use crate::harness::{Sandbox, read_file};

/// A provider whose every image is `png`, as many as a request asks for.
fn provider_of(png: Vec<u8>) -> MockServer {
    MockServer::respond(move |request| {
        let count = request.json()["n"].as_u64().unwrap_or(1);
        let image = json!({"b64_json": STANDARD.encode(&png)});
        Response::json(200, &json!({"data": vec![image; count as usize]}))
    })
}

/// The pixels of a block with an image.
fn picture(block: &Value) -> Picture {
    let bytes = STANDARD.decode(block["data"].as_str().expect("data")).expect("base64");
    easel_picture::read(Cursor::new(bytes), Bounds::edge(u32::MAX), Limits::default()).expect("pixels")
}

#[tokio::test]
async fn result_is_text_preview_and_link_without_structured_content() {
    let sandbox = Sandbox::new();
    for modern in [false, true] {
        let mut host =
            if modern { Host::modern(&sandbox, &json!({})) } else { Host::legacy(&sandbox, &json!({})).await.0 };
        let result = host.call(json!({"prompt": "a red square"})).await;
        assert_eq!(kinds(&result), ["text", "image", "resource_link"]);
        assert!(result.get("structuredContent").is_none());
        let record = &record_of(&result)["images"][0];
        let path = record["path"].as_str().expect("a path");
        assert!(text_of(&result).contains(&format!("saved at {path}")), "{result}");
        assert!(!text_of(&result).contains("already shown"), "{result}");
        let annotations = json!({"audience": ["user", "assistant"], "priority": 1.0});
        assert_eq!(result["content"][1]["annotations"], annotations);
        let link = &result["content"][2];
        assert_eq!(link["size"], read_file(path).len());
        assert_eq!(link["uri"], format!("easel://image/{}", record["id"].as_str().expect("an id")));
        assert_eq!(result["_meta"]["easel/images"][0]["path"], path);
        host.close().await;
    }
}

#[tokio::test]
async fn preview_is_never_the_file_and_results_are_short() {
    // The longest line that a host reads is checked with every message.
    for (count, shown) in [(1, 1), (4, 4), (10, 4)] {
        let png = noise_png(9_000_000);
        let provider = provider_of(png.clone());
        let sandbox = sandbox(&provider, "");
        let (mut host, _) = Host::legacy(&sandbox, &json!({})).await;
        let result = host.call(json!({"prompt": "noise", "n": count})).await;
        let blocks = result["content"].as_array().expect("content");
        let pictures: Vec<_> = blocks.iter().filter(|block| block["type"] == "image").collect();
        assert_eq!(pictures.len(), shown, "{count}");
        for block in pictures {
            let picture = picture(block);
            assert!(picture.width.max(picture.height) <= 1_568);
            assert_eq!(block["mimeType"], "image/jpeg");
        }
        assert_eq!(blocks.iter().filter(|block| block["type"] == "resource_link").count(), count);
        assert_eq!(text_of(&result).contains("4 of 10 images are shown"), count == 10, "{}", text_of(&result));
        let path = record_of(&result)["images"][0]["path"].clone();
        assert_eq!(read_file(path.as_str().expect("a path")), png);
        host.close().await;
    }
}

#[tokio::test]
async fn long_prompts_leave_room_for_previews() {
    let provider = provider_of(easel_testkit::image::solid_png(60, 40, [255, 0, 0]));
    let sandbox = sandbox(&provider, "");
    let (mut host, _) = Host::legacy(&sandbox, &json!({})).await;
    let result = host.call(json!({"prompt": "\u{8a9e}".repeat(32_000), "n": 10})).await;
    assert_eq!(kinds(&result).iter().filter(|kind| *kind == "image").count(), 4, "{}", text_of(&result));
    assert!(result.to_string().len() < 900_000);
    host.close().await;
}

#[tokio::test]
async fn preview_of_a_transparent_image_has_alpha() {
    let rgba = [255, 0, 0, 255, 0, 0, 255, 0].repeat(800 * 1_600);
    let png = Picture { width: 1_600, height: 1_600, rgba, icc_profile: None }.to_png().expect("a PNG");
    let provider = provider_of(png);
    let sandbox = sandbox(&provider, "");
    let (mut host, _) = Host::legacy(&sandbox, &json!({})).await;
    let result = host.call(json!({"prompt": "stripes"})).await;
    assert_eq!(result["content"][1]["mimeType"], "image/png");
    assert!(!picture(&result["content"][1]).is_opaque());
    host.close().await;
}

#[tokio::test]
async fn image_without_preview_is_still_a_result() {
    // The header is valid, so the image is stored, but it has more pixels than a preview may have.
    let provider = provider_of(easel_testkit::image::png_with_claimed_size(9_000, 9_000));
    let sandbox = sandbox(&provider, "");
    let (mut host, _) = Host::legacy(&sandbox, &json!({})).await;
    let result = host.call(json!({"prompt": "huge"})).await;
    assert_eq!(kinds(&result), ["text", "resource_link"], "{result}");
    assert!(text_of(&result).contains("No preview could be made"), "{result}");
    host.close().await;
}

#[tokio::test]
async fn host_reads_of_damage_outside_the_mask() {
    let provider = provider();
    let sandbox = sandbox(&provider, "");
    let (config, mask_path) = (sandbox.home().join("config.toml"), sandbox.project().join("mask.png"));
    let settings = String::from_utf8(read_file(&config)).expect("text");
    let roots = format!("images.reference_roots = {:?}\n{settings}", [sandbox.project()]);
    std::fs::write(&config, roots).expect("the configuration");
    std::fs::write(&mask_path, mask(EDITABLE).to_png().expect("a PNG")).expect("a mask");
    let (mut host, _) = Host::legacy(&sandbox, &json!({})).await;
    let base = handle_of(&host.call(json!({"prompt": "a scene"})).await);
    let edit = json!({"prompt": "repaint all", "images": [base], "mask": mask_path});
    let told = text_of(&host.call(edit).await).to_owned();
    assert!(told.contains("Outside the mask ") && told.contains(" % of the pixels changed."), "{told}");
    host.close().await;
}
