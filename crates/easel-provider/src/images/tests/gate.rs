//! The send gate is checked before every attempt, and no byte of a refused request is sent.

use std::sync::atomic::{AtomicU32, Ordering};

use easel_imagegen::port::{SendGate, SendPermit, image_error};
use easel_protocol::record::{Billed, ImageErrorKind};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use super::*;

/// Returns a gate that lets this many requests pass.
fn passing(count: u32) -> SendGate {
    let left = AtomicU32::new(count);
    SendGate::new(move || {
        let passed = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        passed.map(|_| SendPermit::with_guard(())).map_err(|_| image_error(ImageErrorKind::ApprovalDenied, "it is off"))
    })
}

#[tokio::test]
async fn refused_request_writes_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut files = CountingFiles::default();
    let references = vec![files.add("a", vec![7; 200_000], 200_000)];
    let job = ImageJob { references, gate: passing(0), ..job("a cat") };
    let provider = provider(port, ApiProfile::from_preset(Preset::Openai));
    let error = make(&provider, job, Arc::new(files), Arc::new(drop)).await.expect_err("it is refused");
    assert_eq!(
        (error.kind, error.billed, error.message.as_str()),
        (ImageErrorKind::ApprovalDenied, Billed::No, "it is off")
    );
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut written = Vec::new();
    // A connection that is reset has no more to read either.
    let _ = stream.read_to_end(&mut written).await;
    assert_eq!(String::from_utf8_lossy(&written), "");
}

#[tokio::test]
async fn each_attempt_asks_the_gate() {
    let busy = http_response("429 Busy", &[("retry-after", "0")], b"{}");
    let server = start(vec![respond(busy)]);
    let job = ImageJob { gate: passing(1), ..job("a cat") };
    let provider = provider(server.address().port(), ApiProfile::from_preset(Preset::Openai));
    let error =
        make(&provider, job, Arc::new(CountingFiles::default()), Arc::new(drop)).await.expect_err("it is refused");
    assert_eq!((error.kind, error.billed), (ImageErrorKind::ApprovalDenied, Billed::No));
    assert_eq!(server.requests().len(), 1);
}
