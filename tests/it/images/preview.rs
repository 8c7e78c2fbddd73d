//! Previews: pictures of limited size in the response to `image/read`.

use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easel_picture::{Bounds, Limits, Picture};
use easel_protocol::image::{ImagePreview, ImageReadParams, PreviewSize};
use easel_protocol::method::ImageRead;
use easel_protocol::record::{ImageRecord, MediaType};
use easel_testkit::http::{MockServer, Response};
use easel_testkit::image::{noise_png, png_with_claimed_size};
use serde_json::json;

use super::draw;
use crate::harness::{STANDALONE, Sandbox, Server, mock_provider_config, read_file};

fn preview_of(image: &ImageRecord, max_edge: Option<u32>, max_bytes: Option<u32>) -> ImageReadParams {
    let preview = Some(PreviewSize { max_edge, max_bytes });
    ImageReadParams { image_id: image.id.clone(), preview, ..ImageReadParams::default() }
}

async fn preview(server: &mut Server, params: &ImageReadParams) -> (ImagePreview, Picture, usize) {
    let response = server.request::<ImageRead>(params).await;
    assert!(response.chunk.is_none());
    let preview = response.preview.expect("a preview");
    let bytes = STANDARD.decode(&preview.data).expect("base64");
    let picture = easel_picture::read(Cursor::new(&bytes), Bounds::edge(u32::MAX), Limits::default()).expect("pixels");
    assert_eq!((picture.width, picture.height), (preview.width, preview.height));
    (preview, picture, bytes.len())
}

/// Starts Easel with a provider whose every image is `png`, and lets it draw one.
pub(super) async fn draw_file(png: Vec<u8>) -> (MockServer, Sandbox, Server, ImageRecord) {
    let provider = MockServer::respond(move |request| {
        if !request.path.ends_with("/responses") {
            return Response::json(200, &json!({"data": [{"b64_json": STANDARD.encode(&png)}]}));
        }
        let has_image = request.json()["input"].to_string().contains("function_call_output");
        if has_image { Response::message("Done.") } else { Response::image_calls(&[json!({"prompt": "a photo"})]) }
    });
    let sandbox = Sandbox::with_config(&mock_provider_config(&provider, "openai"));
    let mut server = sandbox.start_server_with(STANDALONE).await;
    let (_, records) = draw(&mut server, &["draw"]).await;
    (provider, sandbox, server, records[0].clone())
}

#[tokio::test]
async fn preview_fits_its_edge_and_bytes() {
    let (_provider, _sandbox, mut server, record) = draw_file(noise_png(8_000_000)).await;
    let file = read_file(&record.path);
    let longest = record.facts.width.max(record.facts.height);
    assert!(longest > 1_568, "{longest}");
    for (max_edge, max_bytes) in [(1_568, 8 << 20), (512, 200_000), (4_096, 100_000), (64, 1_024)] {
        let (preview, _, bytes) = preview(&mut server, &preview_of(&record, Some(max_edge), Some(max_bytes))).await;
        assert_eq!(preview.media_type, MediaType::Jpeg);
        assert!(preview.width.max(preview.height) <= max_edge && bytes <= max_bytes as usize, "{max_edge}: {bytes}");
    }
    let (largest, ..) = preview(&mut server, &preview_of(&record, Some(1_568), Some(8 << 20))).await;
    assert_eq!(largest.width.max(largest.height), 1_568);
    assert_eq!(read_file(&record.path), file);
    server.close().await;
}

#[tokio::test]
async fn response_with_a_default_preview_is_short() {
    let (_provider, _sandbox, mut server, record) = draw_file(noise_png(3_000_000)).await;
    let params = json!({"imageId": record.id, "preview": {"maxEdge": null}});
    let response = server.call("image/read", &params).await.expect("a response");
    assert!(response.to_string().len() < 64 << 10);
    let together = json!({"imageId": record.id, "preview": {}, "offset": 0, "length": 100_000});
    let response = server.call("image/read", &together).await.expect("a response");
    assert!(response["preview"]["data"].is_string() && response["chunk"]["data"].is_string());
    server.close().await;
}

#[tokio::test]
async fn preview_of_a_transparent_image_keeps_its_alpha() {
    let rgba = [255, 0, 0, 255, 0, 0, 255, 0].repeat(100 * 200);
    let png = Picture { width: 200, height: 200, rgba, icc_profile: None }.to_png().expect("a PNG");
    let (_provider, _sandbox, mut server, record) = draw_file(png).await;
    let (preview, picture, _) = preview(&mut server, &preview_of(&record, Some(100), None)).await;
    assert_eq!((preview.media_type, preview.width, preview.height), (MediaType::Png, 100, 100));
    assert!(!picture.is_opaque());
    server.close().await;
}

#[tokio::test]
async fn preview_of_an_unreadable_file_fails_its_request_only() {
    let (_provider, _sandbox, mut server, record) = draw_file(noise_png(30_000)).await;
    let file = read_file(&record.path);
    for (content, reason) in [
        (png_with_claimed_size(50_000, 50_000), "a PNG of 50000x50000 pixels is too large"),
        (file[..file.len() / 2].to_vec(), "a damaged PNG"),
        (b"not an image".to_vec(), "not a PNG, JPEG, WebP or GIF file"),
    ] {
        std::fs::write(&record.path, content).expect("the image's file");
        let refusal = server.request_error::<ImageRead>(&preview_of(&record, None, None)).await;
        assert_eq!(refusal, format!("-32600 image {} has no preview: {reason}", record.id));
    }
    std::fs::write(&record.path, &file).expect("the image's file");
    preview(&mut server, &preview_of(&record, None, None)).await;
    server.close().await;
}

#[tokio::test]
async fn size_of_a_preview_is_checked() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let (_, records) = draw(&mut server, &["draw a red square"]).await;
    for (edge, bytes, field) in [
        (Some(15), None, "preview.maxEdge"),
        (Some(4_097), None, "preview.maxEdge"),
        (None, Some(1_023), "preview.maxBytes"),
        (None, Some((8 << 20) + 1), "preview.maxBytes"),
    ] {
        let refusal = server.request_error::<ImageRead>(&preview_of(&records[0], edge, bytes)).await;
        assert!(refusal.starts_with(&format!("-32602 Invalid params: `{field}`: must be between")), "{refusal}");
    }
    server.close().await;
}
