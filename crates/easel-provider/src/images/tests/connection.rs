//! Faults of the connection and of the HTTP framing.

use easel_protocol::record::{Billed, ImageErrorKind};

use super::*;

/// Kind, status, requests by the call's own count, what it may have cost, and requests by the server's count.
type Outcome = (ImageErrorKind, Option<u16>, u32, Billed, usize);

/// What becomes of a call that meets `script`, where a second request would have brought an image.
async fn outcome(script: Script) -> Outcome {
    let (generated, requests) = call_openai(vec![script, ok(&image_response(&png(9)))]).await;
    let error = generated.expect_err("a failure");
    assert!(!error.message.contains(KEY), "{}", error.message);
    (error.kind, error.http_status, error.attempts, error.billed, requests.len())
}

fn whole() -> String {
    image_response(&png(900)).to_string()
}

#[tokio::test]
async fn slow_body_ends_at_the_deadline() {
    let begins = b"HTTP/1.1 200 OK\r\n\r\n{\"data\":[{\"b64_json\":\"iVBO".as_slice();
    let events = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n".as_slice();
    let partial = b"data: {\"type\":\"image_generation.partial_image\",\"b64_json\":\"iVBO\"}\n\n".as_slice();
    let dripping = async |head: &[u8], piece| {
        let server = start(vec![respond_slowly(head.to_vec(), piece)]);
        let profile = ApiProfile { stream_images: true, ..ApiProfile::from_preset(Preset::Openai) };
        let job = ImageJob { deadline: Duration::from_secs(1), ..job("a cat") };
        let files = Arc::new(CountingFiles::default());
        let error = make(&provider(server.address().port(), profile), job, Arc::clone(&files), Arc::new(drop))
            .await
            .expect_err("out of time");
        assert_eq!((error.kind, error.attempts, error.billed), (ImageErrorKind::Timeout, 1, Billed::Uncertain));
        server.client_disconnected().await;
        assert_eq!(server.requests().len(), 1);
        assert_eq!(files.unfinished.load(std::sync::atomic::Ordering::SeqCst), 0);
    };
    futures_util::future::join4(
        dripping(begins, b"AAAA"),
        dripping(b"HTTP/1.1 200 OK\r\n\r\n", b" "),
        dripping(events, b": keep-alive\n\n"),
        dripping(events, partial),
    )
    .await;
}

#[tokio::test]
async fn reset_inside_the_response_head_is_a_lost_connection() {
    for part in ["", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\ncontent-ty", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n"] {
        let found = outcome(respond_and_reset(part.into())).await;
        assert_eq!(found, (ImageErrorKind::Network, None, 1, Billed::Uncertain, 1), "{part:?}");
    }
}

#[tokio::test]
async fn reset_inside_an_image_is_a_lost_connection() {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", whole().len());
    let found = outcome(respond_and_reset((head + &whole()[..200]).into())).await;
    assert_eq!(found, (ImageErrorKind::Network, Some(200), 1, Billed::Uncertain, 1));
}

#[tokio::test]
async fn invalid_http_is_a_lost_connection() {
    for head in [
        "SSH-2.0-OpenSSH_9.9\r\n",
        "{\"data\":[]}\r\n\r\n",
        "HTTP/1.1 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}\n",
        "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n{}",
    ] {
        let found = outcome(respond_and_close(head.into())).await;
        assert_eq!(found, (ImageErrorKind::Network, None, 1, Billed::Uncertain, 1), "{head:?}");
    }
}

#[tokio::test]
async fn invalid_chunks_keep_an_image_before_them() {
    let whole = whole();
    let (begin, rest) = whole.split_at(50);
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
    for garbage in ["zz\r\n".to_owned(), "-1\r\n".to_owned(), "f".repeat(17) + "\r\n", format!("5\r\n{rest}")] {
        let found = outcome(chunked(&(chunk(begin) + &garbage))).await;
        assert_eq!(found, (ImageErrorKind::Network, Some(200), 1, Billed::Uncertain, 1), "{garbage:?}");
        let (generated, requests) = call_openai(vec![chunked(&(chunk(&whole) + &garbage))]).await;
        assert_eq!(
            (content(&generated.expect("generated").images[0].staged), requests.len()),
            (png(900), 1),
            "{garbage:?}"
        );
    }
}

fn chunked(body: &str) -> Script {
    respond_and_close(["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", body].concat().into())
}

#[tokio::test]
async fn informational_responses_are_skipped() {
    let Some(Step::Send(response)) = ok(&image_response(&png(9))).pop() else { unreachable!("a response") };
    for before in [
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n",
    ] {
        let (generated, requests) = call_openai(vec![respond([before.as_bytes(), &response].concat())]).await;
        assert_eq!(
            (content(&generated.expect("generated").images[0].staged), requests.len()),
            (png(9), 1),
            "{before:?}"
        );
    }
}

#[tokio::test]
async fn wrong_content_length_affects_one_response_only() {
    let of_length = |length: usize| format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
    let shorter = respond_and_close((of_length(whole().len()) + &whole()[..whole().len() / 2]).into());
    let found = outcome(shorter).await;
    assert_eq!(found, (ImageErrorKind::Network, Some(200), 1, Billed::Uncertain, 1));

    // The surplus bytes look like the response to the next request.
    let left = String::from_utf8(http_response("200 OK", &[], image_response(&png(7)).to_string())).unwrap();
    let longer = respond((of_length(whole().len() / 2) + &whole()[..whole().len() / 2] + &left).into());
    let server = start(vec![longer, ok(&image_response(&png(9)))]);
    let provider = provider(server.address().port(), ApiProfile::from_preset(Preset::Openai));
    let call = || make(&provider, job("a cat"), Arc::new(CountingFiles::default()), Arc::new(drop));
    let error = call().await.expect_err("half of an image");
    let found = (error.kind, error.http_status, error.attempts, error.billed);
    assert_eq!(found, (ImageErrorKind::BadResponse, Some(200), 1, Billed::Uncertain));
    assert_eq!(content(&call().await.expect("generated").images[0].staged), png(9));
    assert_eq!(server.requests().len(), 2);
}
