//! The incoming half of a connection, as a sequence of messages.

use std::io;

use crate::inbound::long_lines::LongLineGate;

/// The result of reading from a [`Source`].
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A message, without its newline. Not blank.
    Data(&'a [u8]),
    /// No message. The caller gets a chance to flush before the next read blocks.
    Blank,
    /// A message over the limit. It was dropped; the next message is read as usual.
    TooLong,
    /// The client sends nothing more.
    End,
}

/// The incoming half of a connection. Reads block, so they run on a thread of their own.
pub trait Source: Send + 'static {
    /// Reads the next message.
    ///
    /// # Errors
    /// The I/O error of the connection. Do not read from it again.
    fn next_line(&mut self) -> io::Result<Line<'_>>;

    /// Returns whether a whole message is already buffered. False if unknown: queued responses are then flushed before
    /// the next read.
    fn has_line(&self) -> bool;

    /// Sets the gate that bounds the memory for long messages. A source without one is not bounded.
    fn set_gate(&mut self, _gate: LongLineGate) {}

    /// Returns whether the client has closed its end, although some of its messages may still be unread. False if
    /// unknown.
    fn is_hung_up(&self) -> bool {
        false
    }
}
