//! A connection over a WebSocket: one text message is one JSON-RPC message.
//!
//! The library reads frames and responds to pings. Its frames go through the outbox like all others, so that none is
//! written into the middle of a message.

mod handshake;
mod upgrade;

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{Message, Role, WebSocketConfig};
use tungstenite::{Bytes, Error};

pub use upgrade::{Admission, Token};

use crate::inbound::long_lines::LongLineGate;
use crate::inbound::source::{Line, Source};
use crate::limits::Limits;
use crate::outbound::outbox::Outbox;
use crate::transport::socket::Socket;

/// How long a client may take for its handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes per read.
const READ_SIZE: usize = 64 * 1024;

/// The incoming half of a WebSocket connection.
pub struct Messages {
    websocket: tungstenite::WebSocket<Stream>,
    outbox: Outbox,
    current: Bytes,
    is_ended: bool,
}

/// The stream under the WebSocket library.
struct Stream {
    socket: Socket,
    /// Bytes that were read before the handshake.
    read_ahead: io::Cursor<Vec<u8>>,
    output: Output,
    gate: Option<LongLineGate>,
    /// Bytes of the message that is being received.
    received: usize,
}

/// Where the library's frames go.
enum Output {
    /// To the socket, until `deadline`.
    Handshake { deadline: Instant },
    /// To the outbox, after the handshake.
    Outbox(Outbox),
}

/// Accepts a WebSocket; blocks for at most ten seconds. `read_ahead` has the bytes that were already read from the
/// connection. Returns `None` for an HTTP request that does not ask for a WebSocket, such as a health check, after its
/// response.
///
/// # Errors
/// If the request is rejected, which the HTTP response reports to the client, or the connection fails.
pub fn accept_websocket(
    socket: Socket,
    read_ahead: Vec<u8>,
    admission: &Admission,
    limits: Limits,
) -> io::Result<Option<(Messages, Outbox)>> {
    let output = Output::Handshake { deadline: Instant::now() + HANDSHAKE_TIMEOUT };
    let stream = Stream { socket, read_ahead: io::Cursor::new(read_ahead), output, gate: None, received: 0 };
    let Some(mut stream) = handshake::accept(stream, admission)? else { return Ok(None) };
    stream.socket.set_timeout(None)?;
    let outbox = Outbox::start_messages(stream.socket.try_clone()?, limits.outbox_bytes)?;
    stream.output = Output::Outbox(outbox.clone());
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_SIZE)
        .max_message_size(Some(limits.max_line_bytes))
        .max_frame_size(Some(limits.max_line_bytes));
    let websocket = tungstenite::WebSocket::from_raw_socket(stream, Role::Server, Some(config));
    Ok(Some((Messages { websocket, outbox: outbox.clone(), current: Bytes::new(), is_ended: false }, outbox)))
}

impl Source for Messages {
    fn next_line(&mut self) -> io::Result<Line<'_>> {
        // Release the memory of the last message before waiting for the next one. A ping between the fragments of a
        // message releases nothing.
        if !std::mem::take(&mut self.current).is_empty() {
            self.websocket.get_mut().on_release();
        }
        if self.is_ended {
            return Ok(Line::End);
        }
        self.current = match self.websocket.read() {
            Ok(Message::Text(text)) => text.into(),
            Ok(Message::Binary(bytes)) => bytes,
            // The library responds to a ping at the next read.
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => return Ok(Line::Blank),
            Ok(Message::Close(_)) => return Ok(self.end(CloseCode::Normal, Line::End)),
            Err(Error::Capacity(_)) => return Ok(self.end(CloseCode::Size, Line::TooLong)),
            Err(Error::Utf8(_)) => return Ok(self.end(CloseCode::Invalid, Line::End)),
            Err(Error::Protocol(error)) => {
                tracing::debug!(%error, "invalid WebSocket frame");
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
    /// Ends the input: after a broken frame, the start of the next one is unknown. Requests in flight still get their
    /// responses, and then the connection closes with this code.
    fn end(&mut self, code: CloseCode, last: Line<'static>) -> Line<'static> {
        self.is_ended = true;
        self.outbox.framing().set_close_code(code);
        last
    }
}

impl Stream {
    fn on_received(&mut self, bytes: usize) {
        self.received += bytes;
        if let Some(gate) = &mut self.gate {
            gate.on_received(self.received);
        }
    }

    fn on_release(&mut self) {
        self.received = 0;
        if let Some(gate) = &mut self.gate {
            gate.on_release();
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
            if let Output::Handshake { deadline } = self.output {
                let left = deadline.saturating_duration_since(Instant::now());
                self.socket.set_timeout(Some(left.max(Duration::from_millis(1))))?;
            }
            match self.socket.read(buffer) {
                // The library would take an interrupted read for the end of the connection.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read.inspect(|bytes| self.on_received(*bytes)),
            }
        }
    }
}

impl Write for Stream {
    /// The library writes whole frames.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &self.output {
            Output::Handshake { .. } => self.socket.write(bytes),
            Output::Outbox(outbox) => outbox.push_frame(bytes.to_vec()).map_or(Ok(0), |()| Ok(bytes.len())),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
