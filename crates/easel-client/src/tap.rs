//! A callback that sees the lines of a [`Client`](crate::Client).

/// The direction of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the server.
    Sent,
    /// From the server to the client.
    Received,
}

/// A callback that gets every line in both directions, without its newline.
pub type Tap = Box<dyn FnMut(Direction, &str) + Send>;
