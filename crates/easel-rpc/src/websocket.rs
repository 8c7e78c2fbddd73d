//! A connection over a WebSocket: one text message is one JSON-RPC message.
//!
//! The library reads frames and answers pings. What it answers goes through the outbox as everything else does, so that
//! nothing is written into the middle of a message.

mod upgrade;

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{Message, WebSocketConfig};
use tungstenite::{Bytes, Error, HandshakeError};

use upgrade::Gate;
pub use upgrade::{Admission, Token};

use crate::limits::Limits;
use crate::long_lines::LongLineGate;
use crate::outbox::Outbox;
use crate::socket::Socket;
use crate::source::{Line, Source};

/// How long a client may take for its handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Bytes that are read at a time.
const READ: usize = 64 * 1024;

/// The incoming half of a WebSocket.
pub struct Messages {
    websocket: tungstenite::WebSocket<Stream>,
    outbox: Outbox,
    current: Bytes,
    over: bool,
}

/// What the library reads from and writes to.
struct Stream {
    socket: Socket,
    /// What was read before the handshake began.
    read_ahead: io::Cursor<Vec<u8>>,
    way_out: WayOut,
    gate: Option<LongLineGate>,
    /// Bytes that were read for the message that is being received.
    received: usize,
}

enum WayOut {
    /// The socket itself, until then.
    Handshake {
        deadline: Instant,
    },
    Outbox(Outbox),
}

/// Does the server's part of the handshake; blocks for at most ten seconds. `read_ahead` is what was read of the
/// connection already.
///
/// # Errors
/// When the request is refused, which the client was told, or the connection failed.
pub fn accept_websocket(
    socket: Socket,
    read_ahead: Vec<u8>,
    admission: &Admission,
    limits: Limits,
) -> io::Result<(Messages, Outbox)> {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ)
        .max_message_size(Some(limits.max_line_bytes))
        .max_frame_size(Some(limits.max_line_bytes));
    let way_out = WayOut::Handshake { deadline: Instant::now() + HANDSHAKE };
    let stream = Stream { socket, read_ahead: io::Cursor::new(read_ahead), way_out, gate: None, received: 0 };
    let shaken = tungstenite::accept_hdr_with_config(stream, Gate(admission), Some(config));
    let mut websocket = shaken.map_err(|error| match error {
        HandshakeError::Interrupted(_) => io::ErrorKind::TimedOut.into(),
        HandshakeError::Failure(error) => io::Error::other(error),
    })?;
    let stream = websocket.get_mut();
    stream.socket.set_timeout(None)?;
    let outbox = Outbox::start_messages(stream.socket.try_clone()?, limits.outbox_bytes)?;
    stream.way_out = WayOut::Outbox(outbox.clone());
    Ok((Messages { websocket, outbox: outbox.clone(), current: Bytes::new(), over: false }, outbox))
}

impl Source for Messages {
    fn next_line(&mut self) -> io::Result<Line<'_>> {
        // What it held is not needed while the next message is waited for.
        // A ping may come between the pieces of a message.
        if !std::mem::take(&mut self.current).is_empty() {
            self.websocket.get_mut().released();
        }
        if self.over {
            return Ok(Line::End);
        }
        self.current = match self.websocket.read() {
            Ok(Message::Text(text)) => text.into(),
            Ok(Message::Binary(bytes)) => bytes,
            // The library answers a ping at the next read.
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => return Ok(Line::Blank),
            Ok(Message::Close(_)) => return Ok(self.end(CloseCode::Normal, Line::End)),
            Err(Error::Capacity(_)) => return Ok(self.end(CloseCode::Size, Line::TooLong)),
            Err(Error::Utf8(_)) => return Ok(self.end(CloseCode::Invalid, Line::End)),
            Err(Error::Protocol(error)) => {
                tracing::debug!(%error, "not a WebSocket's frame");
                return Ok(self.end(CloseCode::Protocol, Line::End));
            }
            Err(Error::ConnectionClosed | Error::AlreadyClosed) => return Ok(Line::End),
            Err(error) => return Err(io::Error::other(error)),
        };
        let blank = self.current.iter().all(u8::is_ascii_whitespace);
        Ok(if blank { Line::Blank } else { Line::Data(&self.current) })
    }

    fn has_line(&self) -> bool {
        false
    }

    fn set_gate(&mut self, gate: LongLineGate) {
        self.websocket.get_mut().gate = Some(gate);
    }

    fn is_hung_up(&self) -> bool {
        self.websocket.get_ref().socket.is_hung_up()
    }
}

impl Messages {
    /// Nothing can be read after this: the end of a frame that was not read is not known. What was asked before is
    /// answered, and then the connection closes with the code.
    fn end(&mut self, code: CloseCode, last: Line<'static>) -> Line<'static> {
        self.over = true;
        self.outbox.framing().set_close_code(code);
        last
    }
}

impl Stream {
    fn received(&mut self, bytes: usize) {
        self.received += bytes;
        if let Some(gate) = &mut self.gate {
            gate.received(self.received);
        }
    }

    fn released(&mut self) {
        self.received = 0;
        if let Some(gate) = &mut self.gate {
            gate.released();
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let ahead = self.read_ahead.read(buffer)?;
        if ahead > 0 {
            return Ok(ahead);
        }
        loop {
            if let WayOut::Handshake { deadline } = self.way_out {
                let left = deadline.saturating_duration_since(Instant::now());
                self.socket.set_timeout(Some(left.max(Duration::from_millis(1))))?;
            }
            match self.socket.read(buffer) {
                // The library would take a signal for the end of the connection.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read.inspect(|bytes| self.received(*bytes)),
            }
        }
    }
}

impl Write for Stream {
    /// The library hands over whole frames.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &self.way_out {
            WayOut::Handshake { .. } => self.socket.write(bytes),
            WayOut::Outbox(outbox) => outbox.push_frame(bytes.to_vec()).map_or(Ok(0), |()| Ok(bytes.len())),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
