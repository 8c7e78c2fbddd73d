//! The listening socket, and the handshake with new connections.

use std::error::Error;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use easel_rpc::{Admission, Limits, LineReader, Messages, Outbox, Socket, Token};

use crate::os::SocketFile;

/// How long a client of a socket file may take to send its first byte.
const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(30);

/// A listening socket.
pub(super) enum Listener {
    Unix(SocketFile),
    WebSocket(tokio::net::TcpListener, Token),
}

/// A connection before its handshake.
pub(super) struct PendingConnection {
    pub(super) socket: Socket,
    admission: Admission,
}

/// A connection after its handshake.
pub(super) enum Transport {
    /// One JSON object per line.
    Lines(LineReader<io::Chain<io::Cursor<Vec<u8>>, Socket>>, Outbox),
    /// One JSON object per WebSocket message.
    Messages(Box<Messages>, Outbox),
}

impl Listener {
    /// Listens on the socket of the service manager, else on a socket file. Returns the listener and its URL.
    ///
    /// # Errors
    /// Those of the operating system. On systems other than Unix there are no socket files.
    pub(super) fn unix(path: &Path) -> Result<(Self, String), Box<dyn Error>> {
        let file = match SocketFile::inherit()? {
            Some(file) => file,
            None => SocketFile::bind(path)?,
        };
        let url = format!("unix://{}", file.path().display());
        Ok((Self::Unix(file), url))
    }

    /// Listens on a TCP port. Returns the listener and its URL.
    pub(super) fn web_socket(address: SocketAddr, token: Token) -> Result<(Self, String), Box<dyn Error>> {
        let bound = std::net::TcpListener::bind(address).and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok((listener.local_addr()?, tokio::net::TcpListener::from_std(listener)?))
        });
        let (address, listener) = bound.map_err(|error| format!("cannot listen on ws://{address}: {error}"))?;
        Ok((Self::WebSocket(listener, token), format!("ws://{address}")))
    }

    /// Waits for the next connection.
    pub(super) async fn accept(&self) -> io::Result<PendingConnection> {
        match self {
            Self::Unix(file) => Ok(PendingConnection { socket: file.accept().await?, admission: Admission::Known }),
            Self::WebSocket(listener, token) => {
                let (stream, _) = listener.accept().await?;
                let stream = stream.into_std()?;
                stream.set_nonblocking(false)?;
                stream.set_nodelay(true)?;
                Ok(PendingConnection { socket: Socket::new(stream), admission: Admission::Token(*token) })
            }
        }
    }
}

impl PendingConnection {
    /// Checks the client's token and detects the transport. Blocks. Returns `None` after the response to a request that
    /// does not ask for a WebSocket, such as a health check.
    ///
    /// On a socket file a client sends lines, as over stdio, or a WebSocket upgrade, as clients of the Codex app-server
    /// do. The first byte decides: an upgrade request begins with a letter, a JSON object does not.
    pub(super) fn handshake(self, limits: Limits) -> io::Result<Option<Transport>> {
        let Self { mut socket, admission } = self;
        let mut first = vec![0];
        match admission {
            Admission::Token(_) => first.clear(),
            Admission::Known => {
                socket.set_timeout(Some(FIRST_BYTE_TIMEOUT))?;
                socket.read_exact(&mut first)?;
                socket.set_timeout(None)?;
            }
        }
        if first.first().is_none_or(u8::is_ascii_alphabetic) {
            let accepted = easel_rpc::accept_websocket(socket, first, &admission, limits)?;
            return Ok(accepted.map(|(messages, outbox)| Transport::Messages(Box::new(messages), outbox)));
        }
        let outbox = Outbox::start_with_sink(socket.try_clone()?, limits.outbox_bytes)?;
        let probe = socket.try_clone()?.into();
        let lines = LineReader::new(io::Cursor::new(first).chain(socket), limits.max_line_bytes).with_probe(probe);
        Ok(Some(Transport::Lines(lines, outbox)))
    }
}
