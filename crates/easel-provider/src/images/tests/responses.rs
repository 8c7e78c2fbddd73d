use easel_protocol::record::{Billed, ImageErrorKind};

use super::*;

async fn failure(script: Script) -> ImageError {
    let (generated, requests) = call_openai(vec![script]).await;
    assert_eq!(requests.len(), 1);
    generated.expect_err("a failure")
}

#[tokio::test]
async fn response_becomes_images_with_metadata() {
    let response = json!({"created": 1, "size": "1024x1536", "quality": "high", "background": "opaque", "output_format": "png",
        "data": [{"b64_json": STANDARD.encode(png(100_000)), "revised_prompt": "a cat, in oil"}],
        "usage": {"input_tokens": 5, "output_tokens": 7, "total_tokens": 12}});
    let (generated, _) = call_openai(vec![ok(&response)]).await;
    let generated = generated.expect("generated");
    assert_eq!(generated.images.len(), 1);
    assert_eq!(content(&generated.images[0].staged), png(100_000));
    assert_eq!(generated.images[0].revised_prompt.as_deref(), Some("a cat, in oil"));
    let applied = serde_json::to_value(&generated.images[0].applied).unwrap();
    let expected =
        json!({"size": "1024x1536", "quality": "high", "background": "opaque", "outputFormat": "png", "n": 1});
    assert_eq!(applied, expected);
    assert_eq!((generated.request_id.as_deref(), generated.attempts), (Some("req_1"), 1));
    assert_eq!(generated.usage.map(|usage| usage.total_tokens), Some(12));
}

#[tokio::test]
async fn extra_images_are_dropped() {
    let images: Vec<Value> = (1..5).map(|i| json!({"b64_json": STANDARD.encode(png(i))})).collect();
    let server = start(vec![ok(&json!({"data": images}))]);
    for (asked, kept) in [(None, 1), (Some(2), 2), (Some(4), 4), (Some(9), 4)] {
        let mut job = job("a cat");
        job.requested.parameters.n = asked;
        let files = Arc::new(CountingFiles::default());
        let generated = make(
            &provider(server.address().port(), ApiProfile::from_preset(Preset::Openai)),
            job,
            Arc::clone(&files),
            Arc::new(drop),
        )
        .await
        .expect("generated");
        let staged: Vec<_> = generated.images.into_iter().map(|image| content(&image.staged)).collect();
        assert_eq!(staged, (1..=kept).map(png).collect::<Vec<_>>());
        assert_eq!(files.unfinished.load(std::sync::atomic::Ordering::SeqCst), 0);
    }
}

#[tokio::test]
async fn valid_images_of_several_are_kept() {
    let response =
        json!({"data": [{"b64_json": "!!"}, {"b64_json": STANDARD.encode(png(3))}, {"b64_json": "aGVsbG8="}]});
    let server = start(vec![ok(&response)]);
    let mut job = job("a cat");
    job.requested.parameters.n = Some(3);
    let generated = make(
        &provider(server.address().port(), ApiProfile::from_preset(Preset::Openai)),
        job,
        Arc::new(CountingFiles::default()),
        Arc::new(drop),
    )
    .await
    .expect("generated");
    assert_eq!(
        (generated.images.len(), content(&generated.images[0].staged), generated.images[0].applied.n),
        (1, png(3), Some(1))
    );
}

#[tokio::test]
async fn response_without_an_image_is_a_typed_error() {
    use ImageErrorKind::*;
    let html = http_response("200 OK", &[("content-type", "text/html")], "<html>Log in</html>");
    let cases = [
        (ok(&json!({"data": null})), BadResponse, Billed::Yes),
        (ok(&json!({"data": []})), BadResponse, Billed::Yes),
        (ok(&json!([1])), BadResponse, Billed::Yes),
        (ok(&json!({"data": [{"b64_json": "not base64!"}]})), BadResponse, Billed::Yes),
        (ok(&json!({"data": [{"b64_json": "PHN2Zz48L3N2Zz4="}]})), BadResponse, Billed::Yes),
        (ok(&json!({"data": [{"url": "data:image/svg+xml,<svg/>"}]})), BadResponse, Billed::Yes),
        (ok(&json!({"data": [{"url": "x", "respect_moderation": false}]})), ModerationBlocked, Billed::Uncertain),
        (ok(&json!({"error": {"message": "m", "code": "server_error"}})), BadResponse, Billed::Uncertain),
        (ok(&json!({"error": {"message": "m", "code": "moderation_blocked"}})), ModerationBlocked, Billed::No),
        (ok(&json!({"data": [{"b64_json": "QUJD"}], "x": "x".repeat(1 << 20)})), BadResponse, Billed::Yes),
        (respond(html), BadResponse, Billed::Uncertain),
        (respond(http_response("200 OK", &[], "")), BadResponse, Billed::Uncertain),
    ];
    for (script, kind, billed) in cases {
        let shown = format!("{script:?}");
        let error = failure(script).await;
        assert_eq!(
            (error.kind, error.billed, error.http_status),
            (kind, billed, Some(200)),
            "{error:?} {}",
            &shown[..shown.len().min(400)]
        );
        assert_eq!(error.attempts, 1);
    }
}

#[tokio::test]
async fn complete_image_survives_later_errors() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n";
    let image = STANDARD.encode(png(9));
    let cut = format!("{head}{{\"data\":[{{\"b64_json\":\"{image}\"}},{{\"b64_json\":\"{image}");
    let unbounded = cut.replace("content-length: 99999", "connection: close");
    let garbage = respond(http_response("200 OK", &[], format!("{}<!-- 7 ms -->", image_response(&png(9)))));
    let chatter = respond(http_response("200 OK", &[], format!("{} {}", image_response(&png(9)), "x".repeat(2 << 20))));
    for script in [respond_and_close(cut.into_bytes()), respond_and_close(unbounded.into_bytes()), garbage, chatter] {
        let (generated, _) = call_openai(vec![script]).await;
        assert_eq!(content(&generated.expect("generated").images[0].staged), png(9));
    }
    let cut = format!("{head}{{\"data\":[{{\"b64_json\":\"{image}");
    let error = failure(respond_and_close(cut.into_bytes())).await;
    assert_eq!((error.kind, error.billed), (ImageErrorKind::Network, Billed::Uncertain));
}

#[tokio::test]
async fn endless_image_ends_the_call() {
    let mut endless = b"HTTP/1.1 200 OK\r\n\r\n{\"data\":[{\"b64_json\":\"".to_vec();
    endless.resize(endless.len() + (90 << 20), b'A');
    let error = failure(respond_and_stall(endless)).await;
    assert_eq!((error.kind, error.billed), (ImageErrorKind::BadResponse, Billed::Yes));
    assert!(error.message.contains("64 MiB"), "{}", error.message);
}

#[tokio::test]
async fn full_disk_is_a_storage_error_of_a_billed_image() {
    let server = start(vec![ok(&image_response(&png(9)))]);
    let files = Arc::new(CountingFiles { disk_full: true, ..CountingFiles::default() });
    let error = make(
        &provider(server.address().port(), ApiProfile::from_preset(Preset::Openai)),
        job("a cat"),
        files,
        Arc::new(drop),
    )
    .await
    .expect_err("a failure");
    assert_eq!((error.kind, error.billed), (ImageErrorKind::Storage, Billed::Yes));
}

fn streamed(events: &str) -> Script {
    respond(http_response("200 OK", &[("content-type", "text/event-stream; charset=utf-8")], events))
}

async fn call_streaming(script: Script) -> Result<GeneratedImages, ImageError> {
    let (generated, requests) =
        call(ApiProfile { stream_images: true, ..ApiProfile::from_preset(Preset::Openai) }, vec![script]).await;
    assert_eq!(requests[0].json()["stream"], true);
    generated
}

#[tokio::test]
async fn stream_keeps_the_final_image() {
    let (preview, image) = (STANDARD.encode(png(1)), STANDARD.encode(png(2)));
    for (first, second) in [
        ("event: image_generation.partial_image\n", "event: image_generation.completed\n"),
        ("", ""),
        (": keep-alive\n\n", "id: 1\n"),
    ] {
        let events = format!(
            "{first}data: {{\"b64_json\":\"{preview}\",\"type\":\"image_generation.partial_image\"}}\n\n\
             {second}data: {{\"b64_json\":\"{image}\",\"size\":\"1x1\",\"type\":\"image_generation.completed\",\
             \"usage\":{{\"total_tokens\":3}}}}\n\ndata: [DONE]\n\n"
        );
        let generated = call_streaming(streamed(&events)).await.expect("generated");
        assert_eq!((generated.images.len(), content(&generated.images[0].staged)), (1, png(2)));
        assert_eq!(generated.images[0].applied.size.as_deref(), Some("1x1"));
        assert_eq!(generated.usage.map(|usage| usage.total_tokens), Some(3));
    }
}

#[tokio::test]
async fn json_instead_of_a_stream_is_final() {
    let json = image_response(&png(9)).to_string();
    for (kind, before) in [("application/json", ""), ("text/event-stream", ""), ("text/plain", "\u{feff}\n")] {
        let script = respond(http_response("200 OK", &[("content-type", kind)], format!("{before}{json}")));
        assert_eq!(content(&call_streaming(script).await.expect("generated").images[0].staged), png(9));
    }
}

#[tokio::test]
async fn stream_is_recognized_with_any_header() {
    let event = |kind: &str, image: &[u8]| {
        format!("data: {{\"type\":\"image_generation.{kind}\",\"b64_json\":\"{}\"}}\n\n", STANDARD.encode(image))
    };
    let events = event("partial_image", &png(1)) + &event("completed", &png(2));
    for headers in [&[][..], &[("content-type", "application/octet-stream")], &[("content-type", "application/json")]] {
        for before in ["", "\u{feff}", ": ping\n\n"] {
            let script = respond(http_response("200 OK", headers, format!("{before}{events}")));
            let generated = call_streaming(script).await.expect("generated");
            assert_eq!((generated.images.len(), content(&generated.images[0].staged)), (1, png(2)), "{headers:?}");
        }
    }
}

#[tokio::test]
async fn stream_without_an_image_is_a_typed_error() {
    let preview =
        format!("data: {{\"type\":\"image_edit.partial_image\",\"b64_json\":\"{}\"}}\n\n", STANDARD.encode(png(1)));
    let error = call_streaming(streamed(&preview)).await.expect_err("a failure");
    assert_eq!(error.kind, ImageErrorKind::BadResponse);
    let refused = preview
        + "event: error\ndata: {\"type\":\"error\",\"error\":{\"code\":\"moderation_blocked\",\"message\":\"No.\"}}\n\n";
    let error = call_streaming(streamed(&refused)).await.expect_err("a failure");
    assert_eq!((error.kind, error.billed), (ImageErrorKind::ModerationBlocked, Billed::No));
    assert!(error.message.ends_with("No. [moderation_blocked]"), "{}", error.message);
}
