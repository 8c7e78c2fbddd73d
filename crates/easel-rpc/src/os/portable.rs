//! What the standard library and tokio offer everywhere.

use std::fs::File;
use std::io;

#[cfg(not(windows))]
pub(crate) use fallback::{ParentProcess, TerminationSignals, take_stdio, wait_for_client_exit};

/// Unknown. The end of input or a failing write ends the connection instead.
pub(crate) fn is_hung_up<T>(_handle: &T) -> bool {
    false
}

/// Unknown, so the writer thread writes everything.
pub(crate) fn is_ready<T>(_handle: &T) -> bool {
    false
}

pub(crate) fn wait_readable(_file: &File) -> io::Result<()> {
    Err(io::ErrorKind::WouldBlock.into())
}

pub(crate) fn wait_writable(_file: &File) -> io::Result<()> {
    Err(io::ErrorKind::WouldBlock.into())
}

/// What Windows has its own version of.
#[cfg(not(windows))]
mod fallback {
    use std::fs::File;
    use std::io;

    use crate::os::lifecycle::ClientExit;

    pub(crate) fn take_stdio() -> io::Result<(File, File)> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) struct TerminationSignals;

    impl TerminationSignals {
        pub(crate) fn install() -> io::Result<Self> {
            Ok(Self)
        }

        pub(crate) async fn next(&mut self) {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    pub(crate) struct ParentProcess;

    impl ParentProcess {
        pub(crate) fn current() -> Self {
            Self
        }
    }

    pub(crate) fn wait_for_client_exit(_parent: &ParentProcess, _stdout: &File) -> Option<ClientExit> {
        None
    }
}
