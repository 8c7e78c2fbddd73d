use easel_protocol::record::{Billed, ImageErrorKind};
use tokio::net::TcpListener;

use super::*;

type Outcome = (ImageErrorKind, Option<u16>, u32, bool, Billed);

fn outcome(generated: Result<GeneratedImages, ImageError>) -> Outcome {
    let error = generated.expect_err("a failure");
    assert!(!error.message.contains(KEY), "{}", error.message);
    (error.kind, error.http_status, error.attempts, error.retryable, error.billed)
}

#[tokio::test]
async fn uncertain_request_is_sent_once() {
    use ImageErrorKind::*;
    let wait = [("retry-after", "0")];
    let cases = [
        (failed("500 X", &[], "server_error"), (BadResponse, Some(500), 1, true, Billed::Uncertain)),
        (failed("500 X", &wait, "server_error"), (BadResponse, Some(500), 1, true, Billed::Uncertain)),
        (failed("502 X", &[], "x"), (BadResponse, Some(502), 1, true, Billed::Uncertain)),
        (failed("504 X", &[], "x"), (Timeout, Some(504), 1, true, Billed::Uncertain)),
        (failed("503 X", &[], "x"), (BadResponse, Some(503), 1, true, Billed::Uncertain)),
        (failed("429 X", &[], "x"), (RateLimited, Some(429), 1, true, Billed::No)),
        (failed("429 X", &wait, "insufficient_quota"), (UsageLimit, Some(429), 1, false, Billed::No)),
        (failed("429 X", &[("retry-after", "61")], "x"), (RateLimited, Some(429), 1, true, Billed::No)),
        (failed("429 X", &[("retry-after", "40")], "x"), (RateLimited, Some(429), 1, true, Billed::No)),
        (failed("400 X", &[], "unknown_parameter"), (InvalidArguments, Some(400), 1, false, Billed::No)),
        (failed("400 X", &[], "moderation_blocked"), (ModerationBlocked, Some(400), 1, false, Billed::No)),
        (failed("403 X", &[], "x"), (Unauthorized, Some(403), 1, false, Billed::No)),
        (
            failed("307 X", &[("location", "/v1/images/generations")], "x"),
            (Configuration, Some(307), 1, false, Billed::No),
        ),
        (respond_and_close(Vec::new()), (Network, None, 1, true, Billed::Uncertain)),
        (
            respond_and_close(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"data".to_vec()),
            (Network, Some(200), 1, true, Billed::Uncertain),
        ),
    ];
    for (script, expected) in cases {
        let (generated, requests) = call_openai(vec![script.clone(), ok(&image_response(&png(9)))]).await;
        assert_eq!(outcome(generated), expected, "{script:?}");
        assert_eq!(requests.len(), 1, "{script:?}");
    }
}

#[tokio::test]
async fn retry_after_rejection_keeps_the_idempotency_key() {
    for status in ["429 X", "503 X"] {
        let refused = failed(status, &[("retry-after-ms", "10")], "slow_down");
        let (generated, requests) =
            call_openai(vec![refused.clone(), refused.clone(), ok(&image_response(&png(9)))]).await;
        assert_eq!(generated.expect("generated").attempts, 3);
        assert!(requests.iter().all(|request| request.header("idempotency-key") == Some("key-1")));
        assert_eq!(requests.len(), 3);

        let (generated, requests) = call_openai(vec![refused]).await;
        assert_eq!((outcome(generated).2, requests.len()), (3, 3));
    }
}

#[tokio::test]
async fn unreachable_server_is_tried_three_times() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let generated = make(
        &provider(port, ApiProfile::from_preset(Preset::Openai)),
        job("a cat"),
        Arc::new(CountingFiles::default()),
        Arc::new(drop),
    )
    .await;
    assert_eq!(outcome(generated), (ImageErrorKind::Network, None, 3, true, Billed::No));
}

#[tokio::test]
async fn stalled_handshake_sends_no_request() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}/v1", listener.local_addr().unwrap()).parse().unwrap();
    let mut provider = provider(1, ApiProfile::from_preset(Preset::Openai));
    provider.client.endpoint = Endpoint::new(base, Duration::from_millis(100));
    let generated = make(&provider, job("a cat"), Arc::new(CountingFiles::default()), Arc::new(drop)).await;
    assert_eq!(outcome(generated), (ImageErrorKind::Network, None, 3, true, Billed::No));
    let mut short = job("a cat");
    short.deadline = Duration::from_millis(20);
    let generated = make(&provider, short, Arc::new(CountingFiles::default()), Arc::new(drop)).await;
    let (kind, _, _, _, billed) = outcome(generated);
    assert_eq!((kind, billed), (ImageErrorKind::Timeout, Billed::No));
}

#[tokio::test]
async fn rejected_credential_is_renewed_only_once() {
    let files = || Arc::new(CountingFiles::default());
    let refused = failed("401 X", &[], "token_expired");
    let server = start(vec![refused.clone(), ok(&image_response(&png(9)))]);
    let keys = vec!["old-key-01234567", "new-key-01234567", "newest-key-0123"];
    let generated = make(
        &with_keys(server.address().port(), ApiProfile::from_preset(Preset::Openai), keys.clone()),
        job("a cat"),
        files(),
        Arc::new(drop),
    )
    .await;
    assert_eq!(generated.expect("generated").attempts, 2);
    let sent: Vec<_> =
        server.requests().iter().map(|request| request.header("authorization").map(str::to_owned)).collect();
    assert_eq!(sent, [Some("Bearer old-key-01234567".to_owned()), Some("Bearer new-key-01234567".to_owned())]);

    let server = start(vec![refused]);
    let generated = make(
        &with_keys(server.address().port(), ApiProfile::from_preset(Preset::Openai), keys),
        job("a cat"),
        files(),
        Arc::new(drop),
    )
    .await;
    assert_eq!(outcome(generated), (ImageErrorKind::Unauthorized, Some(401), 2, false, Billed::No));
    let generated = make(
        &provider(server.address().port(), ApiProfile::from_preset(Preset::Openai)),
        job("a cat"),
        files(),
        Arc::new(drop),
    )
    .await;
    assert_eq!(outcome(generated).2, 1, "a key that cannot be renewed is not sent again");
}

#[tokio::test]
async fn unknown_response_format_is_omitted_once() {
    let unknown = failed("400 X", &[], "unknown_parameter");
    let (generated, requests) =
        call(ApiProfile::from_preset(Preset::Generic), vec![unknown.clone(), ok(&image_response(&png(9)))]).await;
    assert_eq!(generated.expect("generated").attempts, 2);
    let formats: Vec<_> = requests.iter().map(|request| request.json().get("response_format").cloned()).collect();
    assert_eq!(formats, [Some(json!("b64_json")), None]);

    let (generated, requests) = call(ApiProfile::from_preset(Preset::Generic), vec![unknown]).await;
    assert_eq!((outcome(generated).0, requests.len()), (ImageErrorKind::InvalidArguments, 2));
}

#[tokio::test]
async fn deadline_ends_a_stalled_call_and_its_connection() {
    let stalled = async |part: &[u8], status: Option<u16>| {
        let server = start(vec![respond_and_stall(part.to_vec())]);
        let mut job = job("a cat");
        job.deadline = Duration::from_secs(2);
        let files = Arc::new(CountingFiles::default());
        let generated = make(
            &provider(server.address().port(), ApiProfile::from_preset(Preset::Openai)),
            job,
            files,
            Arc::new(drop),
        )
        .await;
        assert_eq!(outcome(generated), (ImageErrorKind::Timeout, status, 1, true, Billed::Uncertain));
        server.client_disconnected().await;
        assert_eq!(server.requests().len(), 1);
    };
    futures_util::future::join3(
        stalled(b"", None),
        stalled(b"HTTP/1.1 200 OK\r\n", None),
        stalled(b"HTTP/1.1 200 OK\r\ncontent-length: 9000\r\n\r\n{\"data\":[{\"b64_json\":\"iVBO", Some(200)),
    )
    .await;
}

#[tokio::test]
async fn dropped_call_closes_connection_and_removes_files() {
    let server = start(vec![respond_and_stall(
        b"HTTP/1.1 200 OK\r\ncontent-length: 9000\r\n\r\n{\"data\":[{\"b64_json\":\"iVBO".to_vec(),
    )]);
    let provider = provider(server.address().port(), ApiProfile::from_preset(Preset::Openai));
    let files = Arc::new(CountingFiles::default());
    let call = make(&provider, job("a cat"), Arc::clone(&files), Arc::new(drop));
    tokio::select! {
        _ = call => panic!("the server never ends its response"),
        () = server.request_arrived() => {}
    }
    server.client_disconnected().await;
    assert_eq!(files.unfinished.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[tokio::test]
async fn provider_without_billing_bills_nothing() {
    let (generated, _) = call(ApiProfile::from_preset(Preset::SdServer), vec![respond_and_close(Vec::new())]).await;
    assert_eq!(outcome(generated).4, Billed::No);
}

#[tokio::test]
async fn closed_idle_connection_costs_no_call() {
    let whole = http_response("200 OK", &[], image_response(&png(9)).to_string());
    let server = start(vec![respond_and_close(whole)]);
    let provider = provider(server.address().port(), ApiProfile::from_preset(Preset::Openai));
    for _ in 0..5 {
        let generated = make(&provider, job("a cat"), Arc::new(CountingFiles::default()), Arc::new(drop)).await;
        assert_eq!(generated.expect("generated").attempts, 1);
        server.connection_closed().await;
        // Lets the client's connection read the end of its input, as it would while it is idle.
        tokio::task::yield_now().await;
    }
    assert_eq!(server.requests().len(), 5);
}

#[tokio::test]
async fn images_ignore_the_models_retries() {
    let server = start(vec![failed("500 X", &[], "x")]);
    let retries = Retries { request: 9, stream: 9 };
    let provider =
        HttpProvider { retries, ..provider(server.address().port(), ApiProfile::from_preset(Preset::Openai)) };
    let generated = make(&provider, job("a cat"), Arc::new(CountingFiles::default()), Arc::new(drop)).await;
    assert_eq!((outcome(generated).2, server.requests().len()), (1, 1));
}

#[tokio::test]
async fn connection_error_names_only_provider_and_host() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut provider = provider(1, ApiProfile::from_preset(Preset::Openai));
    let base = format!("http://{address}/secret-path").parse().unwrap();
    provider.client.endpoint = Endpoint::new(base, Duration::from_secs(5));
    provider.client.profile.query = [("key".to_owned(), "secret".to_owned())].into();
    let generated = make(&provider, job("a cat"), Arc::new(CountingFiles::default()), Arc::new(drop)).await;
    let expected = format!(
        "provider `test` at {address} cannot be reached: connection refused; check its base_url, and that the server runs"
    );
    assert_eq!(generated.expect_err("a failure").message, expected);
}
