//! The parts that differ by operating system, each with a portable fallback.

pub(crate) mod lifecycle;
#[cfg(not(unix))]
mod portable;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(crate) use portable::{
    CtrlC as PlatformSignals, NoParent as ParentProcess, is_hung_up, is_ready, take_stdio, wait_for_client_exit,
    wait_readable, wait_writable,
};
#[cfg(unix)]
pub(crate) use unix::{
    ParentProcess, UnixSignals as PlatformSignals, is_hung_up, is_ready, take_stdio, wait_for_client_exit,
    wait_readable, wait_writable,
};

use std::fs::File;

use crate::transport::socket::Socket;

/// A second handle on a connection that shows whether the client has closed its end, without reading messages.
#[derive(Debug)]
pub struct HangUpProbe(Handle);

#[derive(Debug)]
enum Handle {
    File(File),
    Socket(Socket),
}

impl HangUpProbe {
    pub(crate) fn is_hung_up(&self) -> bool {
        match &self.0 {
            Handle::File(file) => is_hung_up(file),
            Handle::Socket(socket) => socket.is_hung_up(),
        }
    }
}

impl From<File> for HangUpProbe {
    fn from(file: File) -> Self {
        Self(Handle::File(file))
    }
}

impl From<Socket> for HangUpProbe {
    fn from(socket: Socket) -> Self {
        Self(Handle::Socket(socket))
    }
}
