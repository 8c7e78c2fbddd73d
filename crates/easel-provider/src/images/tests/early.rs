//! Responses that arrive while the request is still being sent.

use easel_imagegen::port::Reference;
use easel_protocol::record::{Billed, ImageErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::*;

/// Bytes of an image that the buffers of a connection cannot hold.
const IMAGE_BYTES: usize = 24 << 20;

/// What a server does after an early response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AfterResponse {
    /// Closes the connection with a part of the body unread, which resets it.
    Close,
    /// Shuts down its sending side and reads nothing more.
    End,
    /// Reads nothing more, and keeps the connection open.
    Wait,
    /// Reads the rest of the body before it closes the connection, as careful servers do.
    Drain,
}

/// Responds as soon as the first bytes of a request have arrived.
async fn respond_early(mut stream: TcpStream, response: String, then: AfterResponse) {
    let mut part = vec![0; 64 << 10];
    stream.read_exact(&mut part).await.unwrap();
    stream.write_all(response.as_bytes()).await.unwrap();
    match then {
        AfterResponse::Close => {}
        AfterResponse::End => {
            stream.shutdown().await.unwrap();
            std::future::pending::<()>().await;
        }
        AfterResponse::Wait => std::future::pending::<()>().await,
        AfterResponse::Drain => while matches!(stream.read(&mut part).await, Ok(1..)) {},
    }
}

/// Edits a large image. Returns the error and the number of requests.
async fn edit(response: &str, then: AfterResponse) -> (ImageError, usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (response, mut served) = (response.to_owned(), JoinSet::new());
    let serving = async {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            served.spawn(respond_early(stream, response.clone(), then));
        }
    };
    let mut files = CountingFiles::default();
    let references: Vec<Reference> = vec![files.add("a", vec![7; IMAGE_BYTES], IMAGE_BYTES as u64)];
    let job = ImageJob { references, ..job("make it blue") };
    let provider = provider(port, ApiProfile::from_preset(Preset::Openai));
    let error = tokio::select! {
        () = serving => unreachable!("the server runs until the call ends"),
        generated = make(&provider, job, Arc::new(files), Arc::new(drop)) => generated.expect_err("a failure"),
    };
    (error, served.len())
}

fn rejection(status: u16, code: &str) -> String {
    let body = json!({"error": {"message": "No.", "code": code}}).to_string();
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
}

const REJECTIONS: [(u16, &str, ImageErrorKind); 2] = [
    (413, "payload_too_large", ImageErrorKind::InvalidArguments),
    (401, "invalid_api_key", ImageErrorKind::Unauthorized),
];

#[tokio::test]
async fn rejection_during_upload_is_reported() {
    for then in [AfterResponse::End, AfterResponse::Wait, AfterResponse::Drain] {
        for (status, code, kind) in REJECTIONS {
            let (error, requests) = edit(&rejection(status, code), then).await;
            assert_eq!((error.kind, error.http_status, error.billed), (kind, Some(status), Billed::No), "{then:?}");
            assert!(error.message.contains("No. [HTTP "), "{}", error.message);
            assert_eq!((error.attempts, requests), (1, 1), "{then:?}");
        }
    }
}

#[tokio::test]
async fn rejection_with_reset_is_not_retried() {
    for (status, code, kind) in REJECTIONS {
        let (error, requests) = edit(&rejection(status, code), AfterResponse::Close).await;
        // A write may fail before the client reads the response.
        let lost = (ImageErrorKind::Network, None, Billed::Uncertain);
        let outcome = (error.kind, error.http_status, error.billed);
        assert!(outcome == (kind, Some(status), Billed::No) || outcome == lost, "{error:?}");
        assert_eq!((error.attempts, requests), (1, 1));
    }
}

#[tokio::test]
async fn connection_broken_during_upload_is_lost() {
    for part in ["", "HTTP/1.1 413 Payl"] {
        let (error, requests) = edit(part, AfterResponse::Close).await;
        let outcome = (error.kind, error.http_status, error.attempts, error.billed, requests);
        assert_eq!(outcome, (ImageErrorKind::Network, None, 1, Billed::Uncertain, 1), "{part:?}");
    }
}
