//! Where messages come from, one after the other.

use std::io;

use crate::long_lines::LongLineGate;

/// What a [`Source`] gives.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// One message that is not blank, without its newline.
    Data(&'a [u8]),
    /// Nothing to do, but the caller may have something to do before the next read blocks.
    Blank,
    /// A message over the limit. It was dropped, and what comes next is read as if it had not been there.
    TooLong,
    End,
}

/// The incoming half of a connection, read by a thread of its own. It blocks.
pub trait Source: Send + 'static {
    /// The next message.
    ///
    /// # Errors
    /// When the connection failed; nothing more is read from it.
    fn next_line(&mut self) -> io::Result<Line<'_>>;

    /// Whether the next call will find a whole message without reading. False where that is unknown: the answers
    /// given so far are then written before it.
    fn has_line(&self) -> bool;

    /// Takes what must be asked before more of a long message is held. Without it, every message is.
    fn set_gate(&mut self, _gate: LongLineGate) {}

    /// Whether the client has closed its end, though messages of it may still be unread. False where that is unknown.
    fn is_hung_up(&self) -> bool {
        false
    }
}
