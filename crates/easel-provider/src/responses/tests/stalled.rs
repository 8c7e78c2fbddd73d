//! Providers that do not read the request.

use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::port::{ModelRequest, Provider};
use easel_protocol::response_item::{ContentItem, MessageRole, ResponseItem};
use easel_protocol::tool::ToolExposure;
use futures_util::StreamExt;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::fixture::{MemoryFiles, PATIENT, provider, reference, request};

/// Threads for work that blocks.
const THREADS: usize = 2;
/// Requests whose images are not read to their end.
const UPLOADS: usize = 4 * THREADS;
/// More bytes than the socket buffers of both sides hold.
const LARGE: usize = 12 << 20;
/// Bytes of each request that are read. The request is larger only because of its image.
const READ: usize = 1 << 20;
const SOON: Duration = Duration::from_secs(120);

#[test]
fn stalled_uploads_block_no_threads() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(THREADS)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Arc::new(provider(&format!("http://{}/v1", listener.local_addr().unwrap()), PATIENT, 0));
        let (image, bytes) = reference("img_1", LARGE, 7);
        let files = Arc::new(MemoryFiles([(image.path.clone(), bytes)].into()));
        let content = vec![ContentItem::InputImage { image_url: "easel:img_1".to_owned(), detail: None }];
        let input = vec![ResponseItem::Message { role: MessageRole::User, content }];
        let request = ModelRequest { input, images: vec![image], ..request(ToolExposure::None) };
        let mut uploads = JoinSet::new();
        for _ in 0..UPLOADS {
            let (provider, files, request) = (Arc::clone(&provider), Arc::clone(&files), request.clone());
            uploads.spawn(async move {
                let response = provider.respond(request, files, CancellationToken::new());
                std::pin::pin!(response).next().await.map(|event| event.map(drop))
            });
        }
        let stalled = async {
            let mut held = Vec::new();
            for _ in 0..UPLOADS {
                let (mut stream, _) = listener.accept().await.unwrap();
                stream.read_exact(&mut vec![0; READ]).await.unwrap();
                held.push(stream);
            }
            held
        };
        let held = tokio::time::timeout(SOON, stalled).await.expect("each upload begins");
        let other = tokio::time::timeout(SOON, tokio::task::spawn_blocking(|| 1)).await.expect("a thread is free");
        assert_eq!((other.unwrap(), held.len(), uploads.try_join_next().is_none()), (1, UPLOADS, true));
    });
    runtime.shutdown_background();
}
