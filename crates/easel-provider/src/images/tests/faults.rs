//! Streams of images that end where they should not, and answers that are none.

use easel_protocol::record::ImageErrorKind;

use super::*;

async fn call_streaming(act: Act) -> Result<Made<Vec<u8>>, ImageError> {
    let (made, requests) = call(Record { stream_images: true, ..Preset::Openai.record() }, vec![act]).await;
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

const PARTIAL: &str = "image_generation.partial_image";
const FINAL: &str = "image_generation.completed";

#[tokio::test]
async fn a_stream_of_images_that_is_cut_anywhere_is_the_whole_image_or_a_typed_error() {
    let events = [event(PARTIAL, &png(1)), event(PARTIAL, &png(2)), event(FINAL, &png(3))];
    let stream = events.concat();
    let boundaries = [events[0].len(), events[0].len() + events[1].len(), stream.len()];
    let mut made = 0;
    for end in (0..stream.len()).filter(|end| end % 32 == 0 || boundaries.iter().any(|at| at.abs_diff(*end) < 3)) {
        match call_streaming(streamed(&stream.as_bytes()[..end])).await {
            Ok(images) => {
                assert_eq!((images.images.len(), &images.images[0].staged), (1, &png(3)), "cut at {end}");
                made += 1;
            }
            Err(error) => assert_eq!(error.kind, ImageErrorKind::BadResponse, "cut at {end}: {error:?}"),
        }
    }
    assert_eq!(made, 2, "only the empty line may be missing");
}

#[tokio::test]
async fn the_final_image_counts_wherever_it_stands_among_the_partial_ones() {
    for place in 0..=2 {
        let mut events = vec![event(PARTIAL, &png(1)), event(PARTIAL, &png(2))];
        events.insert(place, event(FINAL, &png(3)));
        let made = call_streaming(streamed(events.concat().as_bytes())).await.expect("made");
        assert_eq!(made.images[0].staged, png(3), "{place}");
    }
}

#[tokio::test]
async fn an_answer_without_a_body_has_its_own_status() {
    let error = call_streaming(Act::Answer(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec())).await.expect_err("a failure");
    assert_eq!((error.kind, error.http_status), (ImageErrorKind::BadResponse, Some(204)));
}
