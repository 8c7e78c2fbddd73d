//! The body on its way, without a connection.

use std::sync::Arc;

use easel_imagegen::port::{ModelRequest, SendGate};
use easel_imagegen::strip::Metadata;
use easel_protocol::response_item::{ContentItem, MessageRole, ResponseItem};
use easel_protocol::tool::ToolExposure;
use futures_util::TryStreamExt;

use super::super::body::{Body, Upload};
use super::fixture::{Shelf, reference, request};

#[tokio::test]
async fn a_body_is_as_long_as_it_says_and_never_all_in_memory() {
    let (picture, bytes) = reference("img_a", 2_000_000, 1);
    let image = ContentItem::InputImage { image_url: "easel:img_a".to_owned(), detail: None };
    let input = vec![ResponseItem::Message { role: MessageRole::User, content: vec![image; 5] }];
    let files = Arc::new(Shelf([(picture.path.clone(), bytes)].into()));
    let request = ModelRequest { input, images: vec![picture], ..request(ToolExposure::None) };
    let body = Arc::new(Body::of(&request, Metadata::Strip).unwrap());
    for _ in 0..2 {
        let pieces = body.stream(&files, &Arc::new(Upload::default()), SendGate::open());
        let lengths: Vec<usize> = pieces.map_ok(|piece| piece.len()).try_collect().await.unwrap();
        assert_eq!(lengths.iter().sum::<usize>() as u64, body.len());
        assert!(lengths.iter().all(|length| *length <= 256 << 10));
    }
}
