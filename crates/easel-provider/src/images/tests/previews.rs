//! Previews of an image that is being generated.

use easel_imagegen::port::Preview;

use super::*;

/// The previews, the outcome and the request of a call.
struct CallOutcome {
    shown: Vec<(u32, Vec<u8>)>,
    generated: Result<GeneratedImages, ImageError>,
    request: Request,
}

async fn run_call(profile: ApiProfile, partial_images: u32, events: &str) -> CallOutcome {
    let script = respond(http_response("200 OK", &[("content-type", "text/event-stream")], events));
    let server = start(vec![script]);
    let shown = Arc::new(Mutex::new(Vec::new()));
    let show = Arc::clone(&shown);
    let previews = Arc::new(move |Preview { index, staged }| show.lock().unwrap().push((index, content(&staged))));
    let files = Arc::new(CountingFiles::default());
    let unfinished = Arc::clone(&files.unfinished);
    let job = ImageJob { partial_images, ..job("a cat") };
    let generated = make(&provider(server.address().port(), profile), job, files, previews).await;
    assert_eq!(unfinished.load(std::sync::atomic::Ordering::SeqCst), 0, "a file was left behind");
    let shown = std::mem::take(&mut *shown.lock().unwrap());
    CallOutcome { shown, generated, request: server.requests().remove(0) }
}

fn event(kind: &str, index: u32, image: &str) -> String {
    let event = json!({"type": kind, "partial_image_index": index, "b64_json": image});
    format!("event: {kind}\ndata: {event}\n\n")
}

const PREVIEW: &str = "image_generation.partial_image";
const FINAL: &str = "image_generation.completed";

#[tokio::test]
async fn previews_are_shown_in_order_and_invalid_ones_skipped() {
    let image = |more| STANDARD.encode(png(more));
    let unnamed = |text: String| text.split_once('\n').unwrap().1.to_owned();
    let events = [
        event(PREVIEW, 0, &image(1)),
        event(PREVIEW, 1, "no base64!"),
        event(PREVIEW, 1, &STANDARD.encode("no image")),
        event(PREVIEW, 1, ""),
        format!("event: {PREVIEW}\ndata: {{\"b64_json\": \"{}\"\n\n", image(2)),
        unnamed(event("image_edit.partial_image", 1, &image(3))),
        unnamed(event(FINAL, 0, &image(9))),
    ];
    let outcome = run_call(ApiProfile::from_preset(Preset::Openai), 2, &events.concat()).await;
    assert_eq!(outcome.shown, [(0, png(1)), (1, png(3))]);
    assert_eq!(content(&outcome.generated.expect("generated").images[0].staged), png(9));
    let body = outcome.request.json();
    assert_eq!((&body["stream"], &body["partial_images"]), (&json!(true), &json!(2)));
}

#[tokio::test]
async fn previews_are_requested_only_if_supported_and_wanted() {
    let undeclared = ApiProfile { partial_images: false, ..ApiProfile::from_preset(Preset::Openai) };
    let events = event(PREVIEW, 0, &STANDARD.encode(png(1))) + &event(FINAL, 0, &STANDARD.encode(png(9)));
    for (profile, partial_images, shown) in [(ApiProfile::from_preset(Preset::Openai), 0, 0), (undeclared, 2, 1)] {
        let outcome = run_call(profile, partial_images, &events).await;
        assert_eq!(outcome.shown.len(), shown, "a preview that was not requested is shown if the job wants previews");
        assert_eq!(content(&outcome.generated.expect("generated").images[0].staged), png(9));
        let body = outcome.request.json();
        assert!(body.get("stream").is_none() && body.get("partial_images").is_none(), "{body}");
    }
}

#[tokio::test]
async fn preview_without_final_image_is_an_error() {
    let events = event(PREVIEW, 0, &STANDARD.encode(png(1)));
    let outcome = run_call(ApiProfile::from_preset(Preset::Openai), 1, &events).await;
    assert_eq!(outcome.shown.len(), 1);
    let error = outcome.generated.expect_err("a failure");
    assert_eq!(error.kind, easel_protocol::record::ImageErrorKind::BadResponse);
}
