//! Where the server listens, and the life of a server that several clients connect to: it ends by a signal, not with a
//! connection.

use std::error::Error;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use easel_rpc::{Session, Signals};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::commands::report;
use crate::server::door::Door;
use crate::server::doorstep::{Doorstep, MOST_CONNECTIONS, MOST_STRANGERS};
use crate::server::{Server, WebSocketAuth, connection};

/// Connections in any state, those that are just being closed included. One more is closed unheard.
const MOST_TASKS: usize = 2 * (MOST_CONNECTIONS + MOST_STRANGERS);

/// How long to wait when the system has no more handles to accept with.
const RETRY: Duration = Duration::from_millis(100);

/// The name of the socket in the home, when no path is given.
const SOCKET: &str = "app-server.sock";

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Listen {
    Stdio,
    /// A socket file; without a path, `app-server.sock` in the home.
    Unix(Option<PathBuf>),
    /// A loopback address; port 0 is any that is free.
    WebSocket(SocketAddr, WebSocketAuth),
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        if url == "stdio://" {
            return Ok(Self::Stdio);
        }
        if let Some(path) = url.strip_prefix("unix://") {
            return Ok(Self::Unix((!path.is_empty()).then(|| path.into())));
        }
        let Some(address) = url.strip_prefix("ws://") else {
            return Err("one of stdio://, unix://PATH and ws://IP:PORT is needed".to_owned());
        };
        let address: SocketAddr = address
            .strip_suffix('/')
            .unwrap_or(address)
            .parse()
            .map_err(|_| "ws:// needs an address and a port, like ws://127.0.0.1:0".to_owned())?;
        if !address.ip().is_loopback() {
            return Err(format!("{} is not a loopback address, and nothing else is listened on", address.ip()));
        }
        Ok(Self::WebSocket(address, WebSocketAuth::default()))
    }
}

impl Listen {
    /// Opens the door, and tells where it is; there is none for stdio.
    pub(super) fn open(self, home: &Path) -> Result<Option<Door>, Box<dyn Error>> {
        let (door, told) = match self {
            Self::Stdio => return Ok(None),
            Self::Unix(path) => Door::unix(&path.unwrap_or_else(|| home.join(SOCKET)))?,
            Self::WebSocket(address, auth) => {
                let token = auth.token(home)?;
                let opened = Door::web_socket(address, token.token)?;
                if let Some(path) = token.file {
                    report(&format!("clients show the token in {}", path.display()));
                }
                opened
            }
        };
        report(&format!("listening on {told}"));
        Ok(Some(door))
    }
}

/// Serves every client that comes, until a signal.
pub(super) async fn serve(server: Server, door: Door, mut signals: Signals) {
    let server = Arc::new(server);
    let stopping = CancellationToken::new();
    let doorstep = Arc::new(Doorstep::new());
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = signals.next() => break,
            Some(ended) = connections.join_next() => drop(unless_panicked(ended)),
            guest = door.accept() => match guest {
                Ok(guest) if connections.len() < MOST_TASKS => {
                    let run = connection::run(Arc::clone(&server), guest, Arc::clone(&doorstep), stopping.clone());
                    connections.spawn(run);
                }
                Ok(_) => tracing::warn!("connections come faster than they are closed, one is closed"),
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(RETRY).await;
                }
            },
        }
    }
    tracing::info!("asked to terminate");
    drop(door);
    stopping.cancel();
    let sessions = async {
        let mut sessions = Vec::new();
        while let Some(ended) = connections.join_next().await {
            sessions.extend(unless_panicked(ended));
        }
        sessions
    };
    server.stop(sessions, signals).await;
}

fn unless_panicked(ended: Result<Option<Session>, tokio::task::JoinError>) -> Option<Session> {
    ended.inspect_err(|error| tracing::error!(%error, "a connection ended badly")).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_addresses_are_listened_on() {
        for url in ["ws://127.0.0.1:0", "ws://127.0.0.1:4500/", "ws://[::1]:1", "ws://127.1.2.3:80"] {
            assert!(matches!(url.parse(), Ok(Listen::WebSocket(..))), "{url}");
        }
        for url in ["ws://0.0.0.0:0", "ws://[::]:0", "ws://10.0.0.1:80", "ws://localhost:80", "ws://127.0.0.1", "ws://"]
        {
            url.parse::<Listen>().expect_err(url);
        }
    }

    #[test]
    fn a_socket_file_has_any_path_or_the_homes() {
        assert_eq!("unix:///run/a b.sock".parse(), Ok(Listen::Unix(Some("/run/a b.sock".into()))));
        assert_eq!("unix://".parse(), Ok(Listen::Unix(None)));
        assert_eq!("stdio://".parse(), Ok(Listen::Stdio));
        for url in ["", "off", "stdio", "wss://127.0.0.1:0", "http://127.0.0.1:0", "unix:/x"] {
            url.parse::<Listen>().expect_err(url);
        }
    }
}
