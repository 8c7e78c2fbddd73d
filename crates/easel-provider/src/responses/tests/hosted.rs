//! Images of the provider's own tool.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use easel_imagegen::port::ModelRequest;
use easel_protocol::response_item::{ContentItem, MessageRole, ResponseItem};
use easel_protocol::tool::ToolExposure;
use easel_testkit::http::{MockServer, Step};
use serde_json::{Value, json};

use super::fixture::{MemoryFiles, PATIENT, PNG, all_with, events, provider, reference, request, stream};
use super::text::{completed, done, message};

async fn transcript(list: &[Value]) -> String {
    let server = MockServer::play([vec![Step::Send(stream(events(list)))]]);
    all_with(&provider(&server.base_url(), PATIENT, 0), request(ToolExposure::Hosted), MemoryFiles::default()).await
}

fn added(id: &str) -> Value {
    json!({"type": "response.output_item.added", "item": {"type": "image_generation_call", "id": id, "status": "in_progress", "result": null}})
}

fn image(id: &str, result: &str) -> Value {
    json!({"type": "image_generation_call", "id": id, "status": "completed", "result": result, "revised_prompt": "a red\n fox",
        "size": "1024x1024", "quality": "high", "background": "opaque", "output_format": "png"})
}

#[tokio::test]
async fn image_starts_and_ends_once() {
    let item = image("ig_1", PNG);
    let list = [
        added("ig_1"),
        json!({"type": "response.image_generation_call.in_progress", "item_id": "ig_1"}),
        json!({"type": "response.image_generation_call.generating", "item_id": "ig_1"}),
        json!({"type": "response.image_generation_call.partial_image", "item_id": "ig_1", "partial_image_b64": PNG}),
        json!({"type": "response.image_generation_call.completed", "item_id": "ig_1"}),
        done(&item),
        done(&message("msg_1", "There.")),
        completed(&[item, message("msg_1", "There.")]),
    ];
    insta::assert_snapshot!(transcript(&list).await, @r#"
    started ig_1 Generate "draw a fox" []
    ended ig_1 Some("req_7") Some("ig_1") 70 bytes Some("a red fox") Some("1024x1024") Some("high")
    message msg_1 "There."
    completed 120 = 100 (5 cached) + 20 (3 reasoning)
    "#);
}

#[tokio::test]
async fn image_in_the_complete_response_starts_and_ends() {
    let spelled = PNG.replace('/', "\\/");
    let body = events(&[completed(&[image("ig_1", "RESULT"), image("ig_2", &format!("data:image/png;base64,{PNG}"))])]);
    let server = MockServer::play([vec![Step::Send(stream(body.replace("RESULT", &spelled)))]]);
    let transcript =
        all_with(&provider(&server.base_url(), PATIENT, 0), request(ToolExposure::Hosted), MemoryFiles::default())
            .await;
    insta::assert_snapshot!(transcript, @r#"
    started ig_1 Generate "draw a fox" []
    ended ig_1 Some("req_7") Some("ig_1") 70 bytes Some("a red fox") Some("1024x1024") Some("high")
    started ig_2 Generate "draw a fox" []
    ended ig_2 Some("req_7") Some("ig_2") 70 bytes Some("a red fox") Some("1024x1024") Some("high")
    completed 120 = 100 (5 cached) + 20 (3 reasoning)
    "#);
}

#[tokio::test]
async fn shown_images_are_references() {
    let (shown, bytes) = reference("img_a", 100, 1);
    let server = MockServer::play([vec![Step::Send(stream(events(&[added("ig_1"), completed(&[])])))]]);
    let mut request = request(ToolExposure::Hosted);
    let files = MemoryFiles([(shown.path.clone(), bytes)].into());
    request.images = vec![shown];
    let content = ["easel:img_a"].map(|url| ContentItem::InputImage { image_url: url.to_owned(), detail: None });
    request.input.insert(0, ResponseItem::Message { role: MessageRole::User, content: content.into() });
    insta::assert_snapshot!(all_with(&provider(&server.base_url(), PATIENT, 0), request, files).await, @r#"
    started ig_1 Edit "draw a fox" ["img_a"]
    failed ig_1 BadResponse billed Uncertain: the response ended without the image
    completed 120 = 100 (5 cached) + 20 (3 reasoning)
    "#);
}

#[tokio::test]
async fn every_failure_ends_the_image() {
    let refused = json!({"type": "image_generation_call", "id": "ig_1", "status": "failed",
        "error": {"code": "moderation_blocked", "message": "unsafe"}});
    let silent = json!({"type": "image_generation_call", "id": "ig_2", "status": "failed", "result": null});
    let bad = image("ig_3", "!!!! not base64 $$$$");
    let text = image("ig_4", "aGVsbG8sIG5vdCBhbiBpbWFnZQ==");
    let list = [done(&refused), done(&silent), done(&bad), done(&text), completed(&[])];
    insta::assert_snapshot!(transcript(&list).await, @r#"
    started ig_1 Generate "draw a fox" []
    failed ig_1 ModerationBlocked billed No: the moderation of provider `test` blocked the request: unsafe [moderation_blocked, request req_7]
    started ig_2 Generate "draw a fox" []
    failed ig_2 BadResponse billed Uncertain: the provider's image tool generated no image
    started ig_3 Generate "draw a fox" []
    failed ig_3 BadResponse billed Yes: the provider's image is not base64
    started ig_4 Generate "draw a fox" []
    failed ig_4 BadResponse billed Yes: the provider's image is not a PNG, JPEG, WebP or GIF
    completed 120 = 100 (5 cached) + 20 (3 reasoning)
    "#);
}

#[tokio::test]
async fn truncated_response_ends_the_image_before_the_error() {
    insta::assert_snapshot!(transcript(&[added("ig_1")]).await, @r#"
    started ig_1 Generate "draw a fox" []
    failed ig_1 BadResponse billed Uncertain: the response ended before the image: the provider's response ended early
    error InternalServerError: the provider's response ended early
    "#);
}

#[tokio::test]
async fn large_image_arrives_completely() {
    let mut bytes = STANDARD.decode(PNG).unwrap();
    // A chunk that readers pass over, before the last one.
    let end = bytes.split_off(bytes.len() - 12);
    let filler = 3_000_000_u32;
    bytes.extend(filler.to_be_bytes());
    bytes.extend(b"prVt");
    bytes.extend(vec![7; filler as usize + 4]);
    bytes.extend(end);
    let list = [added("ig_1"), done(&image("ig_1", &STANDARD.encode(&bytes))), completed(&[])];
    let transcript = transcript(&list).await;
    assert!(transcript.contains(&format!(" {} bytes ", bytes.len())), "{transcript}");
}

#[tokio::test]
async fn valid_previews_are_shown_if_requested() {
    let preview = |id: &str, index: u32, image: &str| {
        json!({"type": "response.image_generation_call.partial_image", "item_id": id, "partial_image_index": index,
            "partial_image_b64": image})
    };
    let list = [
        preview("ig_1", 0, PNG),
        preview("ig_1", 1, "bm8gaW1hZ2U="),
        preview("ig_1", 1, "no base64"),
        preview("ig_1", 2, PNG),
        json!({"type": "response.image_generation_call.partial_image", "item_id": "ig_1", "partial_image_b64": null}),
        done(&image("ig_1", PNG)),
        preview("ig_1", 3, PNG),
        completed(&[]),
    ];
    let ended = r#"ended ig_1 Some("req_7") Some("ig_1") 70 bytes Some("a red fox") Some("1024x1024") Some("high")"#;
    let (started, whole) =
        (r#"started ig_1 Generate "draw a fox" []"#, "completed 120 = 100 (5 cached) + 20 (3 reasoning)");
    let shown = ["preview ig_1 0 70 bytes", "preview ig_1 2 70 bytes"];
    for (partial_images, shown) in [(3, &shown[..]), (0, &[])] {
        let server = MockServer::play([vec![Step::Send(stream(events(&list)))]]);
        let request = ModelRequest { partial_images, ..request(ToolExposure::Hosted) };
        let transcript = all_with(&provider(&server.base_url(), PATIENT, 0), request, MemoryFiles::default()).await;
        assert_eq!(transcript.lines().collect::<Vec<_>>(), [&[started], shown, &[ended, whole]].concat());
    }
}

#[tokio::test]
async fn image_metadata_is_cleaned_truncated_and_redacted() {
    let mut item = image("ig_\u{202e}1", PNG);
    item["size"] = json!("\u{1b}[31m1x1\u{7}");
    item["quality"] = json!("q".repeat(1_000_000));
    item["revised_prompt"] = json!("a \u{e0041}fox for key-old-secret");
    let transcript = transcript(&[done(&item), completed(&[])]).await;
    let quality = "q".repeat(99);
    let ended = format!(
        r#"ended ig_1 Some("req_7") Some("ig_1") 70 bytes Some("a fox for ***") Some("1x1") Some("{quality}…")"#
    );
    assert_eq!(transcript.lines().nth(1), Some(ended.as_str()));
}

#[tokio::test]
async fn ids_and_names_are_cleaned_and_redacted() {
    let call =
        json!({"type": "function_call", "id": "fc\u{7}", "call_id": "call\r\n_key-old-secret", "name": "x\u{1b}[2J"});
    let mut message = message("msg\u{200b}_1", "Hi");
    message["output_index"] = json!(1);
    let transcript = transcript(&[done(&call), done(&message), completed(&[])]).await;
    assert_eq!(transcript.lines().next(), Some("call call _*** None x "));
    assert_eq!(transcript.lines().nth(1), Some("message msg_1 \"Hi\""));
}

#[tokio::test]
async fn long_prompt_is_truncated() {
    let mut long = request(ToolExposure::Hosted);
    let content = vec![ContentItem::InputText { text: "é".repeat(100_000).into() }];
    long.history.items = vec![ResponseItem::Message { role: MessageRole::User, content }];
    let server = MockServer::play([vec![Step::Send(stream(events(&[added("ig_1"), completed(&[])])))]]);
    let transcript = all_with(&provider(&server.base_url(), PATIENT, 0), long, MemoryFiles::default()).await;
    assert_eq!(transcript.matches('é').count(), 32_000);
}
