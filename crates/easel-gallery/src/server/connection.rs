//! One connection: how much it may send, and how long it may last.

use std::convert::Infallible;
use std::future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use super::response::Body;

/// Maximum number of headers in a request.
const MAX_HEADERS: usize = 64;
/// Maximum size of the head of a request in bytes.
const MAX_HEAD_BYTES: usize = 16 << 10;
/// How long a client may take to send the head of a request, and how long a connection may be idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a connection may last that has not shown the token. A page that was loaded shows it at once.
const STRANGER_LIMIT: Duration = Duration::from_secs(15);

/// Whether a request of the connection has shown the token. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct TokenShown(Arc<AtomicBool>);

impl TokenShown {
    /// Notes that the token was shown.
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Ends when the time for showing the token is over, and never if it was shown by then.
    async fn run_out(&self) {
        tokio::time::sleep(STRANGER_LIMIT).await;
        if self.0.load(Ordering::Relaxed) {
            future::pending::<()>().await;
        }
    }
}

/// Serves a connection until the client closes it, the server stops, or the client is a stranger for too long.
///
/// Strangers can connect and read the page. One that does not read the response would keep its connection for ever.
pub(super) async fn serve_connection<F>(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    stopping: CancellationToken,
    respond: impl Fn(Request<Incoming>, TokenShown) -> F,
) where
    F: Future<Output = Result<Response<Body>, Infallible>>,
{
    let shown = TokenShown::default();
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(MAX_HEADERS)
        .max_header_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service_fn(|request| respond(request, shown.clone())));
    tokio::pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = shown.run_out() => return tracing::debug!("a connection without the token was closed"),
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // A browser closes connections whenever it likes.
    let _ = result.inspect_err(|error| tracing::debug!(%error, "a connection ended early"));
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::time::{Instant, timeout};

    use super::*;
    use crate::server::response;

    /// Serves a client that sends requests and reads nothing. Returns whether the connection ends within an hour.
    async fn is_closed(shows_token: bool) -> bool {
        // Smaller than the page.
        let (mut client, server) = tokio::io::duplex(1_024);
        client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let respond = |_, shown: TokenShown| async move {
            if shows_token {
                shown.set();
            }
            Ok(response::page())
        };
        let start = Instant::now();
        let served = timeout(Duration::from_secs(3_600), serve_connection(server, CancellationToken::new(), respond));
        let is_closed = served.await.is_ok();
        assert_eq!(is_closed, start.elapsed() == STRANGER_LIMIT);
        is_closed
    }

    #[tokio::test(start_paused = true)]
    async fn stranger_that_never_reads_is_disconnected() {
        assert!(is_closed(false).await);
    }

    #[tokio::test(start_paused = true)]
    async fn client_with_the_token_may_read_slowly() {
        assert!(!is_closed(true).await);
    }
}
