//! What the writer of a connection writes to.

use std::io::{self, Write};

/// The outgoing half of a connection.
pub trait Sink: Write + Send + 'static {
    /// Returns whether a write of at most one page would not block (512 bytes on systems that promise no more). Then
    /// the reader thread writes its responses itself, which saves waking the writer thread. It must never block there:
    /// a client that writes all its requests before it reads would hang.
    fn is_ready(&self) -> bool;
}

/// A sink that does not know whether it is ready.
pub(crate) struct PlainSink<W>(pub(crate) W);

impl<W: Write> Write for PlainSink<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<W: Write + Send + 'static> Sink for PlainSink<W> {
    fn is_ready(&self) -> bool {
        false
    }
}
