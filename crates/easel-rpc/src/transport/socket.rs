//! Stream sockets.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::os;
use crate::outbound::sink::Sink;

/// A handle to a connected, blocking socket. Clones share the connection: one reads, one writes, one hangs up.
#[derive(Debug)]
pub enum Socket {
    /// TCP.
    Tcp(TcpStream),
    /// A Unix domain socket.
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Socket {
    /// Duplicates the handle.
    ///
    /// # Errors
    /// If the process has no more handles.
    pub fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Tcp(stream) => stream.try_clone().map(Self::Tcp),
            #[cfg(unix)]
            Self::Unix(stream) => stream.try_clone().map(Self::Unix),
        }
    }

    /// Sets the timeout of reads and writes, for every handle to the connection. `None` means no timeout.
    ///
    /// # Errors
    /// If the system refuses it.
    pub fn set_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_read_timeout(limit).and_then(|()| stream.set_write_timeout(limit)),
            #[cfg(unix)]
            Self::Unix(stream) => stream.set_read_timeout(limit).and_then(|()| stream.set_write_timeout(limit)),
        }
    }

    /// Returns whether the client has closed its end.
    pub(crate) fn is_hung_up(&self) -> bool {
        match self {
            Self::Tcp(stream) => os::is_hung_up(stream),
            #[cfg(unix)]
            Self::Unix(stream) => os::is_hung_up(stream),
        }
    }

    /// Closes the connection in both directions, for every handle: reads end, and a blocked write fails.
    pub fn hang_up(&self) {
        // An error means that it is already closed.
        let _ = match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Both),
            #[cfg(unix)]
            Self::Unix(stream) => stream.shutdown(Shutdown::Both),
        };
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            #[cfg(unix)]
            Self::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            #[cfg(unix)]
            Self::Unix(stream) => stream.write(bytes),
        }
    }

    /// Does nothing, because sockets do not buffer.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for Socket {
    fn is_ready(&self) -> bool {
        match self {
            Self::Tcp(stream) => os::is_ready(stream),
            #[cfg(unix)]
            Self::Unix(stream) => os::is_ready(stream),
        }
    }
}
