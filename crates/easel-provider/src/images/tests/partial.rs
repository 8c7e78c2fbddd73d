//! Images that arrive whole while others of their call do not.

use easel_protocol::record::{Billed, ImageErrorKind};
use tokio::sync::Semaphore;

use super::files::Slow;
use super::*;

/// A call for two images to a server that does `scripts`; `stop` ends it.
async fn call_for_two(
    scripts: Vec<Script>,
    deadline: Duration,
    stop: CancellationToken,
) -> Result<GeneratedImages, ImageError> {
    let server = start(scripts);
    let files = Arc::new(CountingFiles::default());
    let unfinished = Arc::clone(&files.unfinished);
    let job = ImageJob { deadline, ..two() };
    let profile = ApiProfile { stream_images: true, ..ApiProfile::from_preset(Preset::Openai) };
    let generated = provider(server.address().port(), profile).make(job, files, Arc::new(drop), stop).await;
    assert_eq!(unfinished.load(std::sync::atomic::Ordering::SeqCst), 0, "a file was left behind");
    generated
}

fn two() -> ImageJob {
    let mut job = job("two cats");
    job.requested.parameters.n = Some(2);
    job
}

const SHORT: Duration = Duration::from_secs(2);
const LONG: Duration = Duration::from_secs(600);

fn head(kind: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\n\r\n")
}

/// A response of each form with a complete first image and an incomplete second one.
fn halves() -> [Vec<u8>; 3] {
    let (first, second) = (STANDARD.encode(png(3)), &STANDARD.encode(png(5))[..20]);
    let json = format!("{{\"data\":[{{\"b64_json\":\"{first}\"}},{{\"b64_json\":\"{second}");
    let event = |image: &str| format!("data: {{\"type\":\"image_generation.completed\",\"b64_json\":\"{image}");
    [
        (head("application/json") + &json).into(),
        (head("text/event-stream") + &event(&first) + "\"}\n\n").into(),
        (head("text/event-stream") + &event(&first) + "\"}\n\n" + &event(second)).into(),
    ]
}

#[track_caller]
fn assert_first_only(
    generated: Result<GeneratedImages, ImageError>,
    kind: ImageErrorKind,
    billed: Billed,
) -> ImageError {
    let generated = generated.expect("the image that arrived");
    assert_eq!(generated.images.iter().map(|image| content(&image.staged)).collect::<Vec<_>>(), [png(3)]);
    assert_eq!(generated.images[0].applied.n, Some(1));
    let missing = *generated.missing.expect("why the second is missing");
    assert_eq!((missing.kind, missing.billed, missing.attempts), (kind, billed, 1), "{missing:?}");
    assert!(missing.message.starts_with("1 of 2 images arrived; "), "{missing:?}");
    missing
}

#[tokio::test]
async fn deadline_keeps_complete_images() {
    for half in halves() {
        let generated = call_for_two(vec![respond_and_stall(half)], SHORT, CancellationToken::new()).await;
        assert_first_only(generated, ImageErrorKind::Timeout, Billed::Uncertain);
    }
}

#[tokio::test]
async fn lost_connection_keeps_complete_images() {
    for half in halves() {
        for script in [respond_and_close(half.clone()), respond_and_reset(half.clone())] {
            let generated = call_for_two(vec![script], LONG, CancellationToken::new()).await;
            let kind = generated.as_ref().map(|generated| generated.missing.as_ref().map(|missing| missing.kind));
            // The end of the connection is also the end of a body without a length.
            assert!(
                matches!(kind, Ok(Some(ImageErrorKind::Network | ImageErrorKind::BadResponse))),
                "{generated:?} {}",
                String::from_utf8_lossy(&half)
            );
            assert_eq!(content(&generated.unwrap().images[0].staged), png(3));
        }
    }
}

#[tokio::test]
async fn interrupt_keeps_complete_images() {
    // The second image hangs behind a link, which is asked for once the first image is here.
    let linked = json!({"data": [{"b64_json": STANDARD.encode(png(3))}, {"url": "/second"}]});
    let server = start(vec![ok(&linked), respond_and_stall(Vec::new())]);
    let stop = CancellationToken::new();
    let provider = provider(server.address().port(), ApiProfile::from_preset(Preset::Openai));
    let call = provider.make(two(), Arc::new(CountingFiles::default()), Arc::new(drop), stop.clone());
    let interrupt = async {
        server.request_arrived().await;
        server.request_arrived().await;
        stop.cancel();
    };
    let (generated, ()) = futures_util::future::join(call, interrupt).await;
    let missing = assert_first_only(generated, ImageErrorKind::Interrupted, Billed::Yes);
    assert_eq!(missing.http_status, Some(200));
}

#[tokio::test]
async fn interrupt_before_the_response_reports_billing() {
    let server = start(vec![respond_and_stall(Vec::new())]);
    let stop = CancellationToken::new();
    let provider = provider(server.address().port(), ApiProfile::from_preset(Preset::Openai));
    let call = provider.make(two(), Arc::new(CountingFiles::default()), Arc::new(drop), stop.clone());
    let interrupt = async {
        server.request_arrived().await;
        stop.cancel();
    };
    let (generated, ()) = futures_util::future::join(call, interrupt).await;
    let error = generated.expect_err("no image");
    assert_eq!((error.kind, error.billed), (ImageErrorKind::Interrupted, Billed::Uncertain));
    server.client_disconnected().await;

    stop.cancel();
    let generated = provider.make(two(), Arc::new(CountingFiles::default()), Arc::new(drop), stop).await;
    let error = generated.expect_err("no image");
    assert_eq!((error.kind, error.billed, server.requests().len()), (ImageErrorKind::Interrupted, Billed::No, 1));
}

#[tokio::test]
async fn stalled_link_does_not_affect_other_images() {
    let linked = json!({"data": [{"url": "/first"}, {"url": "/second"}]});
    let choose = move |count, request: &Request| match request.path.as_str() {
        _ if count == 0 => ok(&linked),
        "/second" => respond(http_response("200 OK", &[], png(3))),
        _ => respond_and_stall(Vec::new()),
    };
    let server = MockServer::choose(choose);
    let job = ImageJob { deadline: SHORT, ..two() };
    let generated = make(
        &provider(server.address().port(), ApiProfile::from_preset(Preset::Openai)),
        job,
        Arc::new(CountingFiles::default()),
        Arc::new(drop),
    )
    .await;
    assert_first_only(generated, ImageErrorKind::Timeout, Billed::Yes);
}

#[tokio::test]
async fn missing_second_image_is_reported_with_the_first() {
    let first = json!({"b64_json": STANDARD.encode(png(3))});
    for (data, billed, reason) in [
        (json!([first]), Billed::Uncertain, "the provider sent no more images"),
        (json!([first, {"b64_json": "no base64!"}]), Billed::Yes, "the provider's image is not base64"),
        (json!([{"url": "/gone"}, first]), Billed::Yes, "the provider's link to the image was answered with HTTP 404"),
        (
            json!([first, {"url": "x", "respect_moderation": false}]),
            Billed::Uncertain,
            "the provider's moderation withheld the image",
        ),
    ] {
        let scripts = vec![ok(&json!({"data": data})), failed("404 X", &[], "x")];
        let generated = call_for_two(scripts, LONG, CancellationToken::new()).await;
        let kind = generated.as_ref().unwrap().missing.as_ref().unwrap().kind;
        let missing = assert_first_only(generated, kind, billed);
        assert_eq!(missing.message, format!("1 of 2 images arrived; {reason}"));
    }
}

#[tokio::test]
async fn deadline_and_interrupt_wait_for_storing() {
    let server = start(vec![ok(&image_response(&png(3)))]);
    for interrupted in [false, true] {
        let (begun, (go, go_on)) = (Arc::new(Semaphore::new(0)), std::sync::mpsc::sync_channel(1));
        let slow = Some(Slow { begun: Arc::clone(&begun), go_on: Mutex::new(go_on) });
        let files = Arc::new(CountingFiles { slow, ..CountingFiles::default() });
        let (provider, stop) =
            (provider(server.address().port(), ApiProfile::from_preset(Preset::Openai)), CancellationToken::new());
        let deadline = if interrupted { LONG } else { Duration::from_secs(1) };
        let job = ImageJob { deadline, ..job("a cat") };
        let call = provider.make(job, files, Arc::new(drop), stop.clone());
        let go_on = async {
            begun.acquire().await.unwrap().forget();
            if interrupted {
                stop.cancel();
            } else {
                tokio::time::sleep(deadline).await;
            }
            go.send(()).unwrap();
        };
        let (generated, ()) = futures_util::future::join(call, go_on).await;
        let generated = generated.expect("generated");
        assert_eq!((content(&generated.images[0].staged), generated.missing), (png(3), None));
    }
}
