//! What an image looks like while it is generated.

use easel_imagegen::port::Preview;

use super::*;

/// What a call of two previews has shown, and its outcome.
struct Called {
    shown: Vec<(u32, Vec<u8>)>,
    generated: Result<GeneratedImages, ImageError>,
    request: Request,
}

async fn called(profile: ApiProfile, partial_images: u32, events: &str) -> Called {
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
    Called { shown, generated, request: server.requests().remove(0) }
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
    let called = called(ApiProfile::from_preset(Preset::Openai), 2, &events.concat()).await;
    assert_eq!(called.shown, [(0, png(1)), (1, png(3))]);
    assert_eq!(content(&called.generated.expect("generated").images[0].staged), png(9));
    let body = called.request.json();
    assert_eq!((&body["stream"], &body["partial_images"]), (&json!(true), &json!(2)));
}

#[tokio::test]
async fn previews_are_requested_only_if_supported_and_wanted() {
    let undeclared = ApiProfile { partial_images: false, ..ApiProfile::from_preset(Preset::Openai) };
    let events = event(PREVIEW, 0, &STANDARD.encode(png(1))) + &event(FINAL, 0, &STANDARD.encode(png(9)));
    for (profile, partial_images, shown) in [(ApiProfile::from_preset(Preset::Openai), 0, 0), (undeclared, 2, 1)] {
        let called = called(profile, partial_images, &events).await;
        assert_eq!(called.shown.len(), shown, "what comes all the same is shown where it is wanted");
        assert_eq!(content(&called.generated.expect("generated").images[0].staged), png(9));
        let body = called.request.json();
        assert!(body.get("stream").is_none() && body.get("partial_images").is_none(), "{body}");
    }
}

#[tokio::test]
async fn preview_without_final_image_is_an_error() {
    let events = event(PREVIEW, 0, &STANDARD.encode(png(1)));
    let called = called(ApiProfile::from_preset(Preset::Openai), 1, &events).await;
    assert_eq!(called.shown.len(), 1);
    let error = called.generated.expect_err("a failure");
    assert_eq!(error.kind, easel_protocol::record::ImageErrorKind::BadResponse);
}
