//! Stream sockets.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use crate::os;
use crate::outbound::sink::Sink;

/// A handle to a connected, blocking socket: TCP, or where the system has them a Unix domain socket. Clones share the
/// connection: one reads, one writes, one hangs up.
#[derive(Debug)]
pub struct Socket(socket2::Socket);

impl Socket {
    /// Takes a connected stream of the standard library.
    pub fn new(stream: impl Into<socket2::Socket>) -> Self {
        Self(stream.into())
    }

    /// Duplicates the handle.
    ///
    /// # Errors
    /// If the process has no more handles.
    pub fn try_clone(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    /// Sets the timeout of reads and writes, for every handle to the connection. `None` means no timeout.
    ///
    /// # Errors
    /// If the system refuses it.
    pub fn set_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        self.0.set_read_timeout(limit).and_then(|()| self.0.set_write_timeout(limit))
    }

    /// Returns whether the client has closed its end.
    pub(crate) fn is_hung_up(&self) -> bool {
        os::is_hung_up(&self.0)
    }

    /// Closes the connection in both directions, for every handle: reads end, and a blocked write fails.
    pub fn hang_up(&self) {
        // An error means that it is already closed.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    /// Does nothing, because sockets do not buffer.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for Socket {
    fn is_ready(&self) -> bool {
        os::is_ready(&self.0)
    }
}
