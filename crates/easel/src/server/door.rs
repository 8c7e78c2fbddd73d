//! The listening sockets, and the first words with whoever comes.

use std::error::Error;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use easel_rpc::{Admission, Limits, LineReader, Messages, Outbox, Socket, Token};

#[cfg(unix)]
use crate::server::unix_socket::SocketFile;

/// How long a client of a socket file may take for its first byte.
const FIRST_BYTE: Duration = Duration::from_secs(30);

pub(super) enum Door {
    #[cfg(unix)]
    Unix(SocketFile),
    WebSocket(tokio::net::TcpListener, Token),
}

/// Somebody who connected, and what is still asked of them.
pub(super) struct Guest {
    pub(super) socket: Socket,
    admission: Admission,
}

/// A connection that was let in, by how it speaks.
pub(super) enum Speech {
    Lines(LineReader<io::Chain<io::Cursor<Vec<u8>>, Socket>>, Outbox),
    Messages(Box<Messages>, Outbox),
}

impl Door {
    /// The door and its address, for people and programs.
    #[cfg(unix)]
    pub(super) fn unix(path: &Path) -> Result<(Self, String), Box<dyn Error>> {
        let file = SocketFile::bind(path)?;
        Ok((Self::Unix(file), format!("unix://{}", path.display())))
    }

    #[cfg(not(unix))]
    pub(super) fn unix(_path: &Path) -> Result<(Self, String), Box<dyn Error>> {
        Err("this system has no unix:// sockets; use ws://127.0.0.1:0".into())
    }

    pub(super) fn web_socket(address: SocketAddr, token: Token) -> Result<(Self, String), Box<dyn Error>> {
        let bound = std::net::TcpListener::bind(address).and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok((listener.local_addr()?, tokio::net::TcpListener::from_std(listener)?))
        });
        let (address, listener) = bound.map_err(|error| format!("cannot listen on ws://{address}: {error}"))?;
        Ok((Self::WebSocket(listener, token), format!("ws://{address}")))
    }

    pub(super) async fn accept(&self) -> io::Result<Guest> {
        match self {
            #[cfg(unix)]
            Self::Unix(file) => Ok(Guest { socket: file.accept().await?, admission: Admission::Known }),
            Self::WebSocket(listener, token) => {
                let (stream, _) = listener.accept().await?;
                let stream = stream.into_std()?;
                stream.set_nonblocking(false)?;
                stream.set_nodelay(true)?;
                Ok(Guest { socket: Socket::Tcp(stream), admission: Admission::Token(*token) })
            }
        }
    }
}

impl Guest {
    /// Does what comes before the first message; blocks. Through a socket file a client speaks lines, as over stdio, or
    /// WebSocket, as clients of the Codex app-server do: its request begins with a letter, a JSON object does not.
    pub(super) fn welcome(self, limits: Limits) -> io::Result<Speech> {
        let Self { mut socket, admission } = self;
        let mut first = vec![0];
        match admission {
            Admission::Token(_) => first.clear(),
            Admission::Known => {
                socket.set_timeout(Some(FIRST_BYTE))?;
                socket.read_exact(&mut first)?;
                socket.set_timeout(None)?;
            }
        }
        if first.first().is_none_or(u8::is_ascii_alphabetic) {
            let (messages, outbox) = easel_rpc::accept_websocket(socket, first, &admission, limits)?;
            return Ok(Speech::Messages(Box::new(messages), outbox));
        }
        let outbox = Outbox::start_ready(socket.try_clone()?, limits.outbox_bytes)?;
        let probe = socket.try_clone()?.into();
        let lines = LineReader::new(io::Cursor::new(first).chain(socket), limits.max_line_bytes).with_probe(probe);
        Ok(Speech::Lines(lines, outbox))
    }
}
