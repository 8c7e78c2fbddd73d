//! Serves the page on this machine.
//!
//! Other programs and web pages can reach a loopback port too. So the page itself contains no data, every other address
//! needs a token, and `admission` refuses what does not come from the page.

mod admission;
mod connection;
mod response;
mod routes;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use easel_rpc::Token;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::admission::Admission;
use self::connection::serve_connection;
use crate::Gallery;

/// Maximum number of connections. A browser opens six; one more is closed at once.
const MAX_CONNECTIONS: usize = 32;
/// How long connections may take to end when the server stops.
const STOP_LIMIT: Duration = Duration::from_secs(1);
/// How long to wait before accepting again when the system has no file descriptors left.
const RETRY_DELAY: Duration = Duration::from_millis(100);
/// Bytes of a token.
const TOKEN_BYTES: usize = 32;

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    admission: Admission,
}

/// Creates a random token.
///
/// # Errors
/// If the system has no random bytes.
pub fn new_token() -> io::Result<String> {
    let mut random = [0; TOKEN_BYTES];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    Ok(hex::encode(random))
}

impl Server {
    /// Listens on 127.0.0.1. Port 0 picks a free port.
    ///
    /// # Errors
    /// If the port is in use.
    pub async fn listen(port: u16, token: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
        let admission = Admission::new(listener.local_addr()?.port(), Token::new(token));
        Ok(Self { listener, admission })
    }

    /// Returns the address of the page, without the token.
    ///
    /// # Errors
    /// If the system does not know it.
    pub fn url(&self) -> io::Result<String> {
        Ok(format!("http://{}/", self.listener.local_addr()?))
    }

    /// Serves the page until `stopping` is cancelled.
    pub async fn serve(self, gallery: Gallery, stopping: CancellationToken) {
        let Self { listener, admission } = self;
        let (gallery, admission) = (Arc::new(gallery), Arc::new(admission));
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = stopping.cancelled() => break,
                Some(ended) = connections.join_next() => {
                    let _ = ended.inspect_err(|error| tracing::error!(%error, "the task of a connection panicked"));
                }
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) if connections.len() < MAX_CONNECTIONS => {
                        let (gallery, admission) = (Arc::clone(&gallery), Arc::clone(&admission));
                        let stop = stopping.clone();
                        connections.spawn(serve_connection(stream, stopping.clone(), move |request, shown| {
                            let (gallery, admission) = (Arc::clone(&gallery), Arc::clone(&admission));
                            let stop = stop.clone();
                            async move { routes::respond(gallery, &admission, &request, (&stop, &shown)).await }
                        }));
                    }
                    Ok(_) => tracing::warn!("a connection was closed: {MAX_CONNECTIONS} are open"),
                    Err(error) => {
                        tracing::warn!(%error, "a connection was not accepted");
                        tokio::time::sleep(RETRY_DELAY).await;
                    }
                },
            }
        }
        drop(listener);
        let end = async { while connections.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(STOP_LIMIT, end).await;
    }
}
