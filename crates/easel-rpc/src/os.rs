//! What differs by operating system. No other file of this crate has code for one system only.
//!
//! Systems that are neither Unix nor Windows get a portable version; Windows uses parts of it.

pub(crate) mod lifecycle;
#[cfg(not(unix))]
mod portable;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(not(any(unix, windows)))]
use portable as platform;
#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

pub(crate) use platform::{
    ParentProcess, TerminationSignals, is_hung_up, is_ready, take_stdio, wait_for_client_exit, wait_readable,
    wait_writable,
};

/// Bytes that a pipe or socket accepts without blocking if it polls as writable: a page on Linux, 512 bytes on XNU.
pub(crate) const PAGE: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };

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
