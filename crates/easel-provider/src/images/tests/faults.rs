//! Streams of images that end where they should not, and answers that are none.

use easel_protocol::record::ImageErrorKind;

use super::*;

async fn call_streaming(act: Act) -> Result<GeneratedImages, ImageError> {
    let (made, requests) =
        call(ApiProfile { stream_images: true, ..ApiProfile::from_preset(Preset::Openai) }, vec![act]).await;
    assert_eq!(requests.len(), 1);
    made
}

fn streamed(events: &[u8]) -> Act {
    Act::Answer(answer("200 OK", &[("content-type", "text/event-stream")], events))
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
async fn a_stream_of_images_that_is_cut_anywhere_is_the_whole_image_or_a_typed_error() {
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
async fn the_final_image_counts_wherever_it_stands_among_the_partial_ones() {
    for place in 0..=2 {
        let mut events = vec![event(PARTIAL, &png(1)), event(PARTIAL, &png(2))];
        events.insert(place, event(FINAL, &png(3)));
        let made = call_streaming(streamed(events.concat().as_bytes())).await.expect("made");
        assert_eq!(content(&made.images[0].staged), png(3), "{place}");
    }
}

#[tokio::test]
async fn an_answer_without_a_body_has_its_own_status() {
    let error = call_streaming(Act::Answer(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec())).await.expect_err("a failure");
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
async fn a_final_image_is_known_by_its_events_name_its_type_or_its_place() {
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
                let made = call_streaming(streamed(stream.as_bytes())).await.expect("made");
                assert_eq!((made.images.len(), content(&made.images[0].staged)), (1, png(3)), "{stream}");
            }
        }
    }
}

#[tokio::test]
async fn an_error_is_known_by_its_events_name_alone() {
    let stream = b"event: error\ndata: {\"code\":\"moderation_blocked\",\"message\":\"No.\"}\n\n";
    let error = call_streaming(streamed(stream)).await.expect_err("a failure");
    assert_eq!(error.kind, ImageErrorKind::ModerationBlocked, "{error:?}");
}

#[tokio::test]
async fn a_stream_that_says_it_is_done_is_not_waited_for() {
    let image = spelled(None, None, &png(3)) + "data: [DONE]\n\n";
    let stream = [b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n", image.as_bytes()].concat();
    let made = call_streaming(Act::Stall(stream)).await.expect("made");
    assert_eq!(content(&made.images[0].staged), png(3));
}
