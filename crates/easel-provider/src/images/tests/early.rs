//! Answers that come while the request is still on its way.

use easel_imagegen::port::Reference;
use easel_protocol::record::{Billed, ImageErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::*;

/// More than the buffers of a connection take in.
const PICTURE: usize = 24 << 20;

/// What follows an answer that came early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// The rest of the body stays unread, which resets the connection.
    Close,
    /// Nothing more is sent or read.
    End,
    /// Nothing is read, and the connection stays open.
    Stay,
    /// The rest is read first, as careful servers do.
    Drain,
}

/// Answers each request when its first bytes are there.
async fn answer_early(mut stream: TcpStream, answer: String, then: Then) {
    let mut part = vec![0; 64 << 10];
    stream.read_exact(&mut part).await.unwrap();
    stream.write_all(answer.as_bytes()).await.unwrap();
    match then {
        Then::Close => {}
        Then::End => {
            stream.shutdown().await.unwrap();
            std::future::pending::<()>().await;
        }
        Then::Stay => std::future::pending::<()>().await,
        Then::Drain => while matches!(stream.read(&mut part).await, Ok(1..)) {},
    }
}

/// The outcome of an edit of a large picture, and how many requests it took.
async fn edit(answer: &str, then: Then) -> (ImageError, usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (answer, mut served) = (answer.to_owned(), JoinSet::new());
    let serving = async {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            served.spawn(answer_early(stream, answer.clone(), then));
        }
    };
    let mut files = CountingFiles::default();
    let references: Vec<Reference> = vec![files.add("a", vec![7; PICTURE], PICTURE as u64)];
    let job = ImageJob { references, ..job("make it blue") };
    let provider = provider(port, ApiProfile::from_preset(Preset::Openai));
    let error = tokio::select! {
        () = serving => unreachable!("it serves for ever"),
        generated = make(&provider, job, Arc::new(files), Arc::new(drop)) => generated.expect_err("a failure"),
    };
    (error, served.len())
}

fn refusal(status: u16, code: &str) -> String {
    let body = json!({"error": {"message": "No.", "code": code}}).to_string();
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
}

const REFUSALS: [(u16, &str, ImageErrorKind); 2] = [
    (413, "payload_too_large", ImageErrorKind::InvalidArguments),
    (401, "invalid_api_key", ImageErrorKind::Unauthorized),
];

#[tokio::test]
async fn rejection_during_upload_is_reported() {
    for then in [Then::End, Then::Stay, Then::Drain] {
        for (status, code, kind) in REFUSALS {
            let (error, requests) = edit(&refusal(status, code), then).await;
            assert_eq!((error.kind, error.http_status, error.billed), (kind, Some(status), Billed::No), "{then:?}");
            assert!(error.message.contains("No. [HTTP "), "{}", error.message);
            assert_eq!((error.attempts, requests), (1, 1), "{then:?}");
        }
    }
}

#[tokio::test]
async fn rejection_with_reset_is_not_retried() {
    for (status, code, kind) in REFUSALS {
        let (error, requests) = edit(&refusal(status, code), Then::Close).await;
        // A write that fails may come before the words that have arrived.
        let lost = (ImageErrorKind::Network, None, Billed::Uncertain);
        let found = (error.kind, error.http_status, error.billed);
        assert!(found == (kind, Some(status), Billed::No) || found == lost, "{error:?}");
        assert_eq!((error.attempts, requests), (1, 1));
    }
}

#[tokio::test]
async fn connection_broken_during_upload_is_lost() {
    for part in ["", "HTTP/1.1 413 Payl"] {
        let (error, requests) = edit(part, Then::Close).await;
        let found = (error.kind, error.http_status, error.attempts, error.billed, requests);
        assert_eq!(found, (ImageErrorKind::Network, None, 1, Billed::Uncertain, 1), "{part:?}");
    }
}
