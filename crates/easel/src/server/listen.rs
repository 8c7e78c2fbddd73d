//! Parses where the server listens, and serves any number of clients until a signal.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use easel_rpc::{Session, Signals};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::commands::report;
use crate::server::connection_limits::{ConnectionLimits, MAX_CONNECTIONS, MAX_PENDING};
use crate::server::listener::Listener;
use crate::server::{Server, WebSocketAuth, connection};

/// Maximum number of connections in any state, including those that are being closed. One more is closed at once.
const MAX_TASKS: usize = 2 * (MAX_CONNECTIONS + MAX_PENDING);

/// How long to wait before accepting again, when the system has no file descriptors left.
const RETRY_DELAY: Duration = Duration::from_millis(100);

/// The name of the socket in Easel's home, if no path is given.
const SOCKET_NAME: &str = "app-server.sock";

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Listen {
    /// Standard input and output.
    Stdio,
    /// A socket file; without a path, `app-server.sock` in Easel's home.
    Unix(Option<PathBuf>),
    /// A loopback address. Port 0 picks a free port.
    WebSocket(SocketAddr, WebSocketAuth),
}

/// Why a `--listen` URL is invalid.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ListenUrlError {
    #[error("expected stdio://, unix://PATH or ws://IP:PORT")]
    UnknownScheme,
    #[error("ws:// needs an IP address and a port, such as ws://127.0.0.1:0")]
    NoSocketAddress,
    #[error("{0} is not a loopback address; only loopback addresses are allowed, such as 127.0.0.1")]
    NotLoopback(IpAddr),
}

impl FromStr for Listen {
    type Err = ListenUrlError;

    fn from_str(url: &str) -> Result<Self, ListenUrlError> {
        if matches!(url, "stdio://" | "stdio") {
            return Ok(Self::Stdio);
        }
        if let Some(path) = url.strip_prefix("unix://") {
            return Ok(Self::Unix((!path.is_empty()).then(|| path.into())));
        }
        let address = url.strip_prefix("ws://").ok_or(ListenUrlError::UnknownScheme)?;
        let address = address.strip_suffix('/').unwrap_or(address);
        let address = match address.strip_prefix("localhost:") {
            Some(port) => format!("{}:{port}", Ipv4Addr::LOCALHOST),
            None => address.to_owned(),
        };
        let address: SocketAddr = address.parse().map_err(|_| ListenUrlError::NoSocketAddress)?;
        if !address.ip().is_loopback() {
            return Err(ListenUrlError::NotLoopback(address.ip()));
        }
        Ok(Self::WebSocket(address, WebSocketAuth::default()))
    }
}

impl Listen {
    /// Opens the socket and prints its URL to stderr; `None` for stdio.
    pub(super) fn open(self, home: &Path) -> Result<Option<Listener>, Box<dyn Error>> {
        let (listener, url) = match self {
            Self::Stdio => return Ok(None),
            Self::Unix(path) => Listener::unix(&path.unwrap_or_else(|| home.join(SOCKET_NAME)))?,
            Self::WebSocket(address, auth) => {
                let token = auth.load(home)?;
                let opened = Listener::web_socket(address, token.token)?;
                if let Some(path) = token.file {
                    report(&format!("clients authenticate with the token in {}", path.display()));
                }
                opened
            }
        };
        report(&format!("listening on {url}"));
        Ok(Some(listener))
    }
}

/// Serves every client that connects, until a signal.
pub(super) async fn serve(server: Server, listener: Listener, mut signals: Signals) {
    let server = Arc::new(server);
    let stopping = CancellationToken::new();
    let limits = Arc::new(ConnectionLimits::new());
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = signals.next() => break,
            Some(ended) = connections.join_next() => drop(into_session(ended)),
            accepted = listener.accept() => match accepted {
                Ok(connection) if connections.len() < MAX_TASKS => match limits.add_pending(&connection.socket) {
                    Ok(pending) => {
                        let (server, limits) = (Arc::clone(&server), Arc::clone(&limits));
                        connections.spawn(connection::run(server, connection, pending, limits, stopping.clone()));
                    }
                    Err(error) => tracing::warn!(%error, "a new connection was closed"),
                },
                Ok(_) => tracing::warn!("a connection was closed: connections open faster than they close"),
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(RETRY_DELAY).await;
                }
            },
        }
    }
    tracing::info!("a signal stops the server");
    drop(listener);
    stopping.cancel();
    let sessions = async {
        let mut sessions = Vec::new();
        while let Some(ended) = connections.join_next().await {
            sessions.extend(into_session(ended));
        }
        sessions
    };
    server.stop(sessions, signals, server.grace).await;
}

/// Returns the session that the task of a connection has left open. Logs a panic.
fn into_session(ended: Result<Option<Session>, JoinError>) -> Option<Session> {
    ended.inspect_err(|error| tracing::error!(%error, "the task of a connection panicked")).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_addresses_are_allowed() {
        for url in
            ["ws://127.0.0.1:0", "ws://127.0.0.1:4500/", "ws://[::1]:1", "ws://127.1.2.3:80", "ws://localhost:80"]
        {
            assert!(matches!(url.parse(), Ok(Listen::WebSocket(..))), "{url}");
        }
        for url in ["ws://0.0.0.0:0", "ws://[::]:0", "ws://10.0.0.1:80", "ws://localhost", "ws://127.0.0.1", "ws://"] {
            url.parse::<Listen>().expect_err(url);
        }
    }

    #[test]
    fn parses_unix_and_stdio_urls() {
        assert_eq!("unix:///run/a b.sock".parse(), Ok(Listen::Unix(Some("/run/a b.sock".into()))));
        assert_eq!("unix://".parse(), Ok(Listen::Unix(None)));
        assert_eq!("stdio://".parse(), Ok(Listen::Stdio));
        assert_eq!("stdio".parse(), Ok(Listen::Stdio));
        for url in ["", "off", "wss://127.0.0.1:0", "http://127.0.0.1:0", "unix:/x"] {
            url.parse::<Listen>().expect_err(url);
        }
    }
}
