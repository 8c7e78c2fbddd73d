//! How one message becomes bytes on the wire.

use std::sync::atomic::{AtomicU16, Ordering};

use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tungstenite::protocol::frame::{Frame, FrameHeader, Utf8Bytes};

#[derive(Debug)]
pub(crate) enum Framing {
    /// A newline ends it; messages are made as lines, so there is nothing to do.
    Lines,
    /// A WebSocket text message, with the code that the connection will close with.
    Messages { close: AtomicU16 },
}

impl Framing {
    pub(crate) fn messages() -> Self {
        Self::Messages { close: AtomicU16::new(CloseCode::Away.into()) }
    }

    pub(crate) fn frame(&self, mut line: Vec<u8>) -> Vec<u8> {
        match self {
            Self::Lines => line,
            Self::Messages { .. } => {
                line.pop();
                let header = FrameHeader { opcode: OpCode::Data(Data::Text), ..FrameHeader::default() };
                let mut head = Vec::new();
                // A vector takes every write.
                let _ = header.format(line.len() as u64, &mut head);
                // In front of the message where it lies: a long one is there once.
                line.splice(..0, head);
                line
            }
        }
    }

    /// The last words of a connection; empty where closing says it all.
    pub(crate) fn farewell(&self) -> Vec<u8> {
        match self {
            Self::Lines => Vec::new(),
            Self::Messages { close } => {
                let code = CloseCode::from(close.load(Ordering::Relaxed));
                bytes(Frame::close(Some(CloseFrame { code, reason: Utf8Bytes::from_static("") })))
            }
        }
    }

    /// Why the connection will close. Without this word it is because the server goes away.
    pub(crate) fn set_close_code(&self, code: CloseCode) {
        match self {
            Self::Lines => {}
            Self::Messages { close } => close.store(code.into(), Ordering::Relaxed),
        }
    }
}

fn bytes(frame: Frame) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(frame.len());
    // A vector takes every write.
    let _ = frame.format(&mut bytes);
    bytes
}
