//! Images of threads: records in pages, and bytes in ranges.

mod delete;
mod export;
mod pictures;
mod preview;
mod sets;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easel_protocol::image::{ImageListParams, ImageReadParams};
use easel_protocol::method::{ImageList, ImageRead};
use easel_protocol::record::ImageRecord;
use easel_testkit::image::{RED, solid_png};

use crate::harness::events::completed_image;
use crate::harness::read_file;
use crate::harness::{HOSTED, STANDALONE, Sandbox, Server, local_image, text};

fn bytes_of(image_id: &str, offset: u64, length: Option<u32>) -> ImageReadParams {
    ImageReadParams { image_id: image_id.into(), offset: Some(offset), length, ..ImageReadParams::default() }
}

/// Creates a thread with an image for each text. Returns the records in order.
async fn draw(server: &mut Server, texts: &[&str]) -> (String, Vec<ImageRecord>) {
    let thread = server.start_thread().await;
    let mut records = Vec::new();
    for words in texts {
        let events = server.run_turn(&thread.id, vec![text(words)]).await;
        records.push(completed_image(&events).images[0].clone());
    }
    (thread.id.to_string(), records)
}

async fn listed(server: &mut Server, params: ImageListParams) -> Vec<ImageRecord> {
    server.request::<ImageList>(&params).await.data.into_iter().map(|entry| entry.image).collect()
}

#[tokio::test]
async fn images_are_listed_newest_first_by_thread_and_over_all() {
    for tool in [STANDALONE, HOSTED] {
        let sandbox = Sandbox::new();
        let mut server = sandbox.start_server_with(tool).await;
        let (first, [one, two]) = (draw(&mut server, &["draw a red square", "make it blue"]).await, [0, 1]);
        let second = draw(&mut server, &["draw a fox"]).await;
        let newest_first = [&second.1[0], &first.1[two], &first.1[one]].map(Clone::clone);
        assert_eq!(listed(&mut server, ImageListParams::default()).await, newest_first);
        let of_first = ImageListParams { thread_id: Some(first.0.into()), ..ImageListParams::default() };
        assert_eq!(listed(&mut server, of_first).await, newest_first[1..]);

        let mut params = ImageListParams { limit: Some(2), ..ImageListParams::default() };
        let page = server.request::<ImageList>(&params).await;
        assert_eq!(page.data.len(), 2);
        params.cursor = page.next_cursor;
        assert!(params.cursor.is_some());
        let page = server.request::<ImageList>(&params).await;
        assert_eq!((&page.data[0].image, page.data.len(), page.next_cursor), (&newest_first[2], 1, None));
        server.close().await;
    }
}

#[tokio::test]
async fn chunks_of_any_length_add_up_to_the_file() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let (_, records) = draw(&mut server, &["draw a red square"]).await;
    let file = read_file(&records[0].path);
    for length in [None, Some(1_000), Some(8 << 20)] {
        let (mut seen, mut offset) = (Vec::new(), Some(0));
        while let Some(at) = offset {
            let response = server.request::<ImageRead>(&bytes_of(&records[0].id, at, length)).await;
            assert_eq!(response.entry.image, records[0]);
            let chunk = response.chunk.expect("a chunk");
            assert_eq!(chunk.offset, at);
            seen.extend(STANDARD.decode(chunk.data).expect("base64"));
            offset = chunk.next_offset;
        }
        assert_eq!(seen, file, "{length:?}");
    }
    server.close().await;
}

#[tokio::test]
async fn range_past_the_end_is_empty() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let (thread_id, records) = draw(&mut server, &["draw a red square"]).await;
    let (id, size) = (&records[0].id, records[0].facts.bytes);
    for (offset, bytes) in [(size - 1, 1), (size, 0), (size + 1, 0), (u64::MAX, 0)] {
        let chunk = server.request::<ImageRead>(&bytes_of(id, offset, None)).await.chunk.expect("a chunk");
        let read = STANDARD.decode(chunk.data).expect("base64").len();
        assert_eq!((read, chunk.offset, chunk.next_offset), (bytes, offset, None));
    }
    let alone = ImageReadParams { image_id: id.clone(), ..ImageReadParams::default() };
    let response = server.request::<ImageRead>(&alone).await;
    assert_eq!(
        (response.chunk, response.entry.image, response.entry.thread_id),
        (None, records[0].clone(), thread_id.into())
    );
    server.close().await;
}

#[tokio::test]
async fn image_read_accepts_only_known_handles() {
    let sandbox = Sandbox::new();
    let file = sandbox.write_file("a.png", &solid_png(60, 40, RED));
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    server.run_turn(&thread.id, vec![text("edit this"), local_image(&file)]).await;
    let unknown = format!("img_{}", "0".repeat(32));
    for handle in [unknown.as_str(), "", "../easel.db", &file.display().to_string(), "img_%"] {
        let refusal = server.request_error::<ImageRead>(&bytes_of(handle, 0, None)).await;
        assert_eq!(refusal, format!("-32600 image {handle} not found"));
    }
    server.close().await;
}

#[tokio::test]
async fn missing_file_fails_its_request_only() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let (_, records) = draw(&mut server, &["draw a red square"]).await;
    std::fs::remove_file(&records[0].path).expect("the image's file");
    let refusal = server.request_error::<ImageRead>(&bytes_of(&records[0].id, 0, None)).await;
    assert!(refusal.starts_with("-32603 "), "{refusal}");
    assert_eq!(listed(&mut server, ImageListParams::default()).await.len(), 1);
    server.close().await;
}

#[tokio::test]
async fn editing_a_missing_file_fails_by_its_item() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let (thread_id, records) = draw(&mut server, &["draw a red square"]).await;
    std::fs::remove_file(&records[0].path).expect("the image's file");
    let events = server.run_turn(&thread_id, vec![text("make it blue")]).await;
    let error = completed_image(&events).error.clone().expect("an error");
    assert_eq!(error.kind, easel_protocol::record::ImageErrorKind::ReferenceNotFound);
    assert!(completed_image(&events).images.is_empty() && completed_image(&events).saved_path.is_none());
    server.close().await;
}
