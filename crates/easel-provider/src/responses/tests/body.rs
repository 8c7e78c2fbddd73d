//! The body of a request without a connection.

use std::sync::Arc;

use easel_imagegen::port::{ModelRequest, SendGate};
use easel_imagegen::strip::Metadata;
use easel_protocol::response_item::{ContentItem, MessageRole, ResponseItem};
use easel_protocol::tool::ToolExposure;
use futures_util::TryStreamExt;

use super::super::body::ConversationBody;
use super::super::prompt_cache::CacheFields;
use super::fixture::{MemoryFiles, reference, request};
use crate::http::Upload;

#[tokio::test]
async fn body_has_its_announced_length_and_is_streamed() {
    let (reference, bytes) = reference("img_a", 2_000_000, 1);
    let image = ContentItem::InputImage { image_url: "easel:img_a".to_owned(), detail: None };
    let input = vec![ResponseItem::Message { role: MessageRole::User, content: vec![image; 5] }];
    let files = Arc::new(MemoryFiles([(reference.path.clone(), bytes)].into()));
    let request = ModelRequest { input, images: vec![reference], ..request(ToolExposure::None) };
    let body =
        ConversationBody::new(&request, CacheFields::default(), Metadata::Strip, true).unwrap().to_request_body();
    for _ in 0..2 {
        let chunks = body.clone().stream(Arc::clone(&files), SendGate::open(), Upload::start());
        let lengths: Vec<usize> = chunks.map_ok(|chunk| chunk.len()).try_collect().await.unwrap();
        assert_eq!(lengths.iter().sum::<usize>() as u64, body.len());
        assert!(lengths.iter().all(|length| *length <= 256 << 10));
    }
}
