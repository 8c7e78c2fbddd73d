//! Copies that are sent in place of images.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use easel_imagegen::model_copy::{ModelCopies, ModelCopy};
use easel_imagegen::port::ModelRequest;
use easel_protocol::record::MediaType;
use easel_protocol::response_item::{ContentItem, MessageRole, ResponseItem};
use easel_protocol::tool::ToolExposure;
use easel_testkit::http::MockServer;
use serde_json::Value;

use super::fixture::{MemoryFiles, PATIENT, all_with, provider, reference, request};
use super::sending::{COMPLETED, complete_response};

/// The start of a JPEG file.
const JPEG: &[u8] = b"\xff\xd8\xff\xc0\0\x11\x08\0\x10\0\x20\x03\x01\x22\0\x02\x11\x01\x03\x11\x01";

/// Sends one request with an image whose copy has these bytes on disk, if it has any. Returns the URL of the image, or
/// the text in its place.
async fn send(copy_bytes: Option<&[u8]>, file_exists: bool) -> String {
    let (image, bytes) = reference("img_a", 500, 7);
    let copy = ModelCopy { path: "/img_a-copy.jpg".into(), media_type: MediaType::Jpeg, bytes: JPEG.len() as u64 };
    let mut files = MemoryFiles::default();
    if file_exists {
        files.0.insert(image.path.clone(), bytes);
    }
    files.0.extend(copy_bytes.map(|bytes| (copy.path.clone(), bytes.to_vec())));
    let content = vec![ContentItem::InputImage { image_url: "easel:img_a".to_owned(), detail: None }];
    let request = ModelRequest {
        input: vec![ResponseItem::Message { role: MessageRole::User, content }],
        images: vec![image],
        copies: ModelCopies::from([("img_a".into(), copy)]),
        ..request(ToolExposure::Standalone)
    };
    let server = MockServer::play([complete_response()]);
    assert_eq!(all_with(&provider(&server.base_url(), PATIENT, 0), request, files).await, COMPLETED);
    let body: Value = serde_json::from_slice(&server.requests()[0].body).unwrap();
    let part = &body["input"][0]["content"][0];
    part["image_url"].as_str().or_else(|| part["text"].as_str()).unwrap().to_owned()
}

#[tokio::test]
async fn copy_is_sent_with_its_media_type() {
    let sent = send(Some(JPEG), true).await;
    assert_eq!(sent, format!("data:image/jpeg;base64,{}", STANDARD.encode(JPEG)));
}

#[tokio::test]
async fn file_replaces_a_missing_or_damaged_copy() {
    for copy in [None, Some(&JPEG[..10]), Some(&[0; JPEG.len()][..])] {
        let sent = send(copy, true).await;
        assert!(sent.starts_with("data:image/png;base64,iVBOR"), "{sent}");
    }
}

#[tokio::test]
async fn copy_of_a_missing_file_is_not_sent() {
    assert_eq!(send(Some(JPEG), false).await, "Image img_a cannot be shown: its file is missing.");
}
