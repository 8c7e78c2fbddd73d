//! Image streams that end early, and responses that are not valid.

use easel_protocol::record::ImageErrorKind;

use super::*;

async fn call_streaming(script: Script) -> Result<GeneratedImages, ImageError> {
    let (generated, requests) =
        call(ApiProfile { stream_images: true, ..ApiProfile::from_preset(Preset::Openai) }, vec![script]).await;
    assert_eq!(requests.len(), 1);
    generated
}

fn streamed(events: &[u8]) -> Script {
    respond(http_response("200 OK", &[("content-type", "text/event-stream")], events))
}

fn event(kind: &str, image: &[u8]) -> String {
    let event = json!({"type": kind, "b64_json": STANDARD.encode(image)});
    format!("event: {kind}\ndata: {event}\n\n")
}

/// Where the text of the last image has ended.
fn whole_image(stream: &str) -> usize {
    stream.rfind("\",\"type\"").unwrap() + 1
}

const PARTIAL: &str = "image_generation.partial_image";
const FINAL: &str = "image_generation.completed";

#[tokio::test]
async fn truncated_image_stream_is_an_image_or_an_error() {
    let events = [event(PARTIAL, &png(1)), event(PARTIAL, &png(2)), event(FINAL, &png(3))];
    let stream = events.concat();
    let boundaries = [events[0].len(), events[0].len() + events[1].len(), whole_image(&stream), stream.len()];
    // The image is whole when its text has been closed, whatever is missing after it.
    let whole = whole_image(&stream);
    for end in (0..stream.len()).filter(|end| end % 32 == 0 || boundaries.iter().any(|at| at.abs_diff(*end) < 3)) {
        match call_streaming(streamed(&stream.as_bytes()[..end])).await {
            Ok(images) => {
                assert!(end >= whole, "cut at {end}");
                assert_eq!((images.images.len(), content(&images.images[0].staged)), (1, png(3)), "cut at {end}");
            }
            Err(error) => {
                assert!(end < whole, "cut at {end}: {error:?}");
                assert_eq!(error.kind, ImageErrorKind::BadResponse, "cut at {end}: {error:?}");
            }
        }
    }
}

#[tokio::test]
async fn final_image_may_come_between_partial_ones() {
    for place in 0..=2 {
        let mut events = vec![event(PARTIAL, &png(1)), event(PARTIAL, &png(2))];
        events.insert(place, event(FINAL, &png(3)));
        let generated = call_streaming(streamed(events.concat().as_bytes())).await.expect("generated");
        assert_eq!(content(&generated.images[0].staged), png(3), "{place}");
    }
}

#[tokio::test]
async fn response_without_a_body_keeps_its_status() {
    let error = call_streaming(respond(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec())).await.expect_err("a failure");
    assert_eq!((error.kind, error.http_status), (ImageErrorKind::BadResponse, Some(204)));
}

/// Kinds of events. A server names the kind in the `event` field, in the JSON, in both, or leaves it out.
fn spelled(name: Option<&str>, kind: Option<&str>, image: &[u8]) -> String {
    let mut json = json!({"b64_json": STANDARD.encode(image)});
    if let Some(kind) = kind {
        json["type"] = kind.into();
    }
    name.map(|name| format!("event: {name}\n")).unwrap_or_default() + &format!("data: {json}\n\n")
}

#[tokio::test]
async fn final_image_is_known_by_event_name_type_or_data() {
    for (name, kind) in [
        (Some(FINAL), None),
        (Some("image_edit.completed"), None),
        (None, Some(FINAL)),
        (Some("message"), Some("image_edit.completed")),
        (Some(FINAL), Some("image")),
        (None, None),
        (Some("image"), Some("image.done")),
    ] {
        for before in
            ["", &event(PARTIAL, &png(1)), &spelled(Some(PARTIAL), None, &png(1)), &spelled(None, None, &png(1))]
        {
            for end in ["", "data: [DONE]\n\n", "event: done\ndata: {}\n\n"] {
                let stream = format!("{before}{}{end}", spelled(name, kind, &png(3)));
                let generated = call_streaming(streamed(stream.as_bytes())).await.expect("generated");
                assert_eq!((generated.images.len(), content(&generated.images[0].staged)), (1, png(3)), "{stream}");
            }
        }
    }
}

#[tokio::test]
async fn error_is_known_by_its_event_name() {
    let stream = b"event: error\ndata: {\"code\":\"moderation_blocked\",\"message\":\"No.\"}\n\n";
    let error = call_streaming(streamed(stream)).await.expect_err("a failure");
    assert_eq!(error.kind, ImageErrorKind::ModerationBlocked, "{error:?}");
}

#[tokio::test]
async fn done_marker_ends_the_stream() {
    let image = spelled(None, None, &png(3)) + "data: [DONE]\n\n";
    let stream = [b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n", image.as_bytes()].concat();
    let generated = call_streaming(respond_and_stall(stream)).await.expect("generated");
    assert_eq!(content(&generated.images[0].staged), png(3));
}

#[tokio::test]
async fn what_follows_the_done_marker_is_not_read() {
    let image = spelled(None, None, &png(3)) + "data: [DONE]\n\n" + &spelled(Some(FINAL), None, &png(1));
    let generated = call_streaming(streamed(image.as_bytes())).await.expect("generated");
    assert_eq!(content(&generated.images[0].staged), png(3));
}
