use easel_protocol::record::{Billed, ImageErrorKind};
use tokio::net::TcpListener;

use super::*;

type Outcome = (ImageErrorKind, Option<u16>, u32, bool, Billed);

fn outcome(made: Result<GeneratedImages, ImageError>) -> Outcome {
    let error = made.expect_err("a failure");
    assert!(!error.message.contains(KEY), "{}", error.message);
    (error.kind, error.http_status, error.attempts, error.retryable, error.billed)
}

#[tokio::test]
async fn what_may_have_been_accepted_is_sent_once() {
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
            (BadResponse, Some(307), 1, false, Billed::No),
        ),
        (Act::Cut(Vec::new()), (Network, None, 1, true, Billed::Uncertain)),
        (
            Act::Cut(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"data".to_vec()),
            (Network, Some(200), 1, true, Billed::Uncertain),
        ),
    ];
    for (act, expected) in cases {
        let (made, requests) = call_openai(vec![act.clone(), ok(&drawn(&png(9)))]).await;
        assert_eq!(outcome(made), expected, "{act:?}");
        assert_eq!(requests.len(), 1, "{act:?}");
    }
}

#[tokio::test]
async fn what_was_refused_for_now_is_sent_again_with_the_same_key() {
    for status in ["429 X", "503 X"] {
        let refused = failed(status, &[("retry-after-ms", "10")], "slow_down");
        let (made, requests) = call_openai(vec![refused.clone(), refused.clone(), ok(&drawn(&png(9)))]).await;
        assert_eq!(made.expect("made").attempts, 3);
        assert!(requests.iter().all(|request| request.header("idempotency-key") == Some("key-1")));
        assert_eq!(requests.len(), 3);

        let (made, requests) = call_openai(vec![refused]).await;
        assert_eq!((outcome(made).2, requests.len()), (3, 3));
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_three_times_and_bills_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let made = make(
        &provider(port, ApiProfile::from_preset(Preset::Openai)),
        job("a cat"),
        Arc::new(Memory::default()),
        Arc::new(drop),
    )
    .await;
    assert_eq!(outcome(made), (ImageErrorKind::Network, None, 3, true, Billed::No));
}

#[tokio::test]
async fn a_handshake_that_stalls_is_no_request() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}/v1", listener.local_addr().unwrap()).parse().unwrap();
    let mut provider = provider(1, ApiProfile::from_preset(Preset::Openai));
    provider.endpoint = Arc::new(crate::endpoint::Endpoint::new(base, Duration::from_millis(100)));
    let made = make(&provider, job("a cat"), Arc::new(Memory::default()), Arc::new(drop)).await;
    assert_eq!(outcome(made), (ImageErrorKind::Network, None, 3, true, Billed::No));
    let mut short = job("a cat");
    short.deadline = Duration::from_millis(20);
    let made = make(&provider, short, Arc::new(Memory::default()), Arc::new(drop)).await;
    let (kind, _, _, _, billed) = outcome(made);
    assert_eq!((kind, billed), (ImageErrorKind::Timeout, Billed::No));
}

#[tokio::test]
async fn a_refused_credential_is_renewed_once() {
    let files = || Arc::new(Memory::default());
    let refused = failed("401 X", &[], "token_expired");
    let server = Server::start(vec![refused.clone(), ok(&drawn(&png(9)))]).await;
    let keys = vec!["old-key-01234567", "new-key-01234567", "newest-key-0123"];
    let made = make(
        &with_keys(server.port, ApiProfile::from_preset(Preset::Openai), keys.clone()),
        job("a cat"),
        files(),
        Arc::new(drop),
    )
    .await;
    assert_eq!(made.expect("made").attempts, 2);
    let sent: Vec<_> =
        server.requests().iter().map(|request| request.header("authorization").map(str::to_owned)).collect();
    assert_eq!(sent, [Some("Bearer old-key-01234567".to_owned()), Some("Bearer new-key-01234567".to_owned())]);

    let server = Server::start(vec![refused]).await;
    let made = make(
        &with_keys(server.port, ApiProfile::from_preset(Preset::Openai), keys),
        job("a cat"),
        files(),
        Arc::new(drop),
    )
    .await;
    assert_eq!(outcome(made), (ImageErrorKind::Unauthorized, Some(401), 2, false, Billed::No));
    let made =
        make(&provider(server.port, ApiProfile::from_preset(Preset::Openai)), job("a cat"), files(), Arc::new(drop))
            .await;
    assert_eq!(outcome(made).2, 1, "a key that cannot be renewed is not sent again");
}

#[tokio::test]
async fn a_response_format_that_is_unknown_is_left_out_once() {
    let unknown = failed("400 X", &[], "unknown_parameter");
    let (made, requests) =
        call(ApiProfile::from_preset(Preset::Generic), vec![unknown.clone(), ok(&drawn(&png(9)))]).await;
    assert_eq!(made.expect("made").attempts, 2);
    let formats: Vec<_> = requests.iter().map(|request| request.json().get("response_format").cloned()).collect();
    assert_eq!(formats, [Some(json!("b64_json")), None]);

    let (made, requests) = call(ApiProfile::from_preset(Preset::Generic), vec![unknown]).await;
    assert_eq!((outcome(made).0, requests.len()), (ImageErrorKind::InvalidArguments, 2));
}

#[tokio::test]
async fn the_deadline_ends_a_call_that_stalls_anywhere_and_closes_its_connection() {
    let stalled = async |part: &[u8], status: Option<u16>| {
        let server = Server::start(vec![Act::Stall(part.to_vec())]).await;
        let mut job = job("a cat");
        job.deadline = Duration::from_secs(2);
        let files = Arc::new(Memory::default());
        let made =
            make(&provider(server.port, ApiProfile::from_preset(Preset::Openai)), job, files, Arc::new(drop)).await;
        assert_eq!(outcome(made), (ImageErrorKind::Timeout, status, 1, true, Billed::Uncertain));
        server.closed.acquire().await.unwrap().forget();
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
async fn a_dropped_call_closes_its_connection_and_leaves_no_file() {
    let server = Server::start(vec![Act::Stall(
        b"HTTP/1.1 200 OK\r\ncontent-length: 9000\r\n\r\n{\"data\":[{\"b64_json\":\"iVBO".to_vec(),
    )])
    .await;
    let provider = provider(server.port, ApiProfile::from_preset(Preset::Openai));
    let files = Arc::new(Memory::default());
    let call = make(&provider, job("a cat"), Arc::clone(&files), Arc::new(drop));
    tokio::select! {
        _ = call => panic!("the server never ends its answer"),
        arrived = server.arrived.acquire() => arrived.unwrap().forget(),
    }
    server.closed.acquire().await.unwrap().forget();
    assert_eq!(files.unfinished.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_provider_that_does_not_bill_leaves_no_doubt() {
    let (made, _) = call(ApiProfile::from_preset(Preset::SdServer), vec![Act::Cut(Vec::new())]).await;
    assert_eq!(outcome(made).4, Billed::No);
}

#[tokio::test]
async fn a_connection_that_the_server_has_closed_costs_no_call() {
    let whole = answer("200 OK", &[], drawn(&png(9)).to_string());
    let server = Server::start(vec![Act::Cut(whole)]).await;
    let provider = provider(server.port, ApiProfile::from_preset(Preset::Openai));
    for _ in 0..5 {
        let made = make(&provider, job("a cat"), Arc::new(Memory::default()), Arc::new(drop)).await;
        assert_eq!(made.expect("made").attempts, 1);
    }
    assert_eq!(server.requests().len(), 5);
}

/// A call that may be repeated although nobody knows what became of the request.
async fn call_boldly(record: ApiProfile, acts: Vec<Act>) -> (Result<GeneratedImages, ImageError>, Vec<server::Seen>) {
    let server = Server::start(acts).await;
    let retries = Retries { uncertain_images: Retries::UNCERTAIN_IMAGES, ..Retries::default() };
    let provider = HttpProvider { retries, ..provider(server.port, record) };
    let made = make(&provider, job("a cat"), Arc::new(Memory::default()), Arc::new(drop)).await;
    (made, server.requests())
}

#[tokio::test]
async fn what_may_have_been_accepted_is_sent_at_most_twice_more_where_the_user_wants_that() {
    let half = Act::Cut(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"data".to_vec());
    for failing in [Act::Cut(Vec::new()), half, failed("500 X", &[], "server_error"), failed("504 X", &[], "x")] {
        let whole = ok(&drawn(&png(9)));
        let (made, requests) =
            call_boldly(ApiProfile::from_preset(Preset::Openai), vec![failing.clone(), failing.clone(), whole.clone()])
                .await;
        assert_eq!((made.expect("made").attempts, requests.len()), (3, 3), "{failing:?}");
        assert!(requests.iter().all(|request| request.header("idempotency-key") == Some("key-1")));

        let (made, requests) = call_boldly(ApiProfile::from_preset(Preset::Openai), vec![failing.clone()]).await;
        let (_, _, attempts, _, billed) = outcome(made);
        assert_eq!((attempts, billed, requests.len()), (3, Billed::Uncertain, 3), "{failing:?}");
    }
}

#[tokio::test]
async fn what_is_known_is_not_repeated_even_then() {
    for (act, billed) in [
        (failed("400 X", &[], "moderation_blocked"), Billed::No),
        (ok(&json!({"data": []})), Billed::Yes),
        (Act::Answer(answer("200 OK", &[("content-type", "text/html")], "<html>Log in</html>")), Billed::Uncertain),
    ] {
        let (made, requests) = call_boldly(ApiProfile::from_preset(Preset::Openai), vec![act]).await;
        assert_eq!((outcome(made).4, requests.len()), (billed, 1));
    }
}

#[tokio::test]
async fn a_refusal_after_a_request_in_doubt_leaves_the_doubt() {
    let acts = vec![Act::Cut(Vec::new()), failed("400 X", &[], "unknown_parameter")];
    let (made, _) = call_boldly(ApiProfile::from_preset(Preset::Openai), acts.clone()).await;
    let expected = (ImageErrorKind::InvalidArguments, Some(400), 2, false, Billed::Uncertain);
    assert_eq!(outcome(made), expected);
    let (made, _) = call_boldly(ApiProfile::from_preset(Preset::SdServer), acts).await;
    assert_eq!(outcome(made).4, Billed::No, "this server bills nothing");
}

#[tokio::test]
async fn an_image_takes_no_notice_of_the_models_retries() {
    let server = Server::start(vec![failed("500 X", &[], "x")]).await;
    let retries = Retries { request: 9, stream: 9, uncertain_images: 0 };
    let provider = HttpProvider { retries, ..provider(server.port, ApiProfile::from_preset(Preset::Openai)) };
    let made = make(&provider, job("a cat"), Arc::new(Memory::default()), Arc::new(drop)).await;
    assert_eq!((outcome(made).2, server.requests().len()), (1, 1));
}

#[tokio::test]
async fn a_connection_that_fails_names_provider_and_host_and_no_more() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut provider = provider(1, ApiProfile::from_preset(Preset::Openai));
    let base = format!("http://{address}/secret-path").parse().unwrap();
    provider.endpoint = Arc::new(crate::endpoint::Endpoint::new(base, Duration::from_secs(5)));
    provider.record.query = [("key".to_owned(), "secret".to_owned())].into();
    let made = make(&provider, job("a cat"), Arc::new(Memory::default()), Arc::new(drop)).await;
    let expected = format!("provider `test` at {address} cannot be reached: connection refused");
    assert_eq!(made.expect_err("a failure").message, expected);
}
