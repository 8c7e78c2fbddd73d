//! Frames messages for the wire.

use std::sync::atomic::{AtomicU16, Ordering};

use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tungstenite::protocol::frame::{Frame, FrameHeader, Utf8Bytes};

/// How messages are delimited on a connection.
#[derive(Debug)]
pub(crate) enum Framing {
    /// A newline ends each message. Messages are serialized with it.
    Lines,
    /// Each message is a WebSocket text message. `close` is the code that the connection will close with.
    Messages { close: AtomicU16 },
}

impl Framing {
    pub(crate) fn messages() -> Self {
        Self::Messages { close: AtomicU16::new(CloseCode::Away.into()) }
    }

    /// Frames a line.
    pub(crate) fn frame(&self, mut line: Vec<u8>) -> Vec<u8> {
        match self {
            Self::Lines => line,
            Self::Messages { .. } => {
                line.pop();
                let header = FrameHeader { opcode: OpCode::Data(Data::Text), ..FrameHeader::default() };
                let mut head = Vec::new();
                // Writing to a vector cannot fail.
                let _ = header.format(line.len() as u64, &mut head);
                // Inserted in place: a second buffer would double the memory of a long message.
                line.splice(..0, head);
                line
            }
        }
    }

    /// Returns the last bytes of a connection; empty if closing it is enough.
    pub(crate) fn close_frame(&self) -> Vec<u8> {
        match self {
            Self::Lines => Vec::new(),
            Self::Messages { close } => {
                let code = CloseCode::from(close.load(Ordering::Relaxed));
                to_bytes(Frame::close(Some(CloseFrame { code, reason: Utf8Bytes::from_static("") })))
            }
        }
    }

    /// Sets the code that the connection will close with. Default: the server goes away (1001).
    pub(crate) fn set_close_code(&self, code: CloseCode) {
        match self {
            Self::Lines => {}
            Self::Messages { close } => close.store(code.into(), Ordering::Relaxed),
        }
    }
}

fn to_bytes(frame: Frame) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(frame.len());
    // Writing to a vector cannot fail.
    let _ = frame.format(&mut bytes);
    bytes
}
