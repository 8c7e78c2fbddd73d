//! Windows and other platforms: what the standard library and tokio offer.

use std::fs::File;
use std::io;

use crate::os::lifecycle::ClientExit;

#[cfg(windows)]
#[expect(clippy::disallowed_methods, reason = "the only place that takes it over")]
pub(crate) fn take_stdio() -> io::Result<(File, File)> {
    use std::os::windows::io::{AsHandle, BorrowedHandle};
    use stdio_override::{StdinOverride, StdoutOverride};
    /// Kept for the life of the process: dropping them would restore the handles.
    static TAKEN: parking_lot::Mutex<Option<(StdinOverride, StdoutOverride)>> = parking_lot::Mutex::new(None);
    let duplicate = |handle: BorrowedHandle<'_>| handle.try_clone_to_owned().map(File::from);
    let (stdin, stdout) = (duplicate(io::stdin().as_handle())?, duplicate(io::stdout().as_handle())?);
    let null = || File::options().read(true).write(true).open("NUL");
    // A program without a console may have no standard error.
    let stdout_override = StdoutOverride::from_io_ref(&io::stderr()).or_else(|_| StdoutOverride::from_io(null()?))?;
    *TAKEN.lock() = Some((StdinOverride::from_io(null()?)?, stdout_override));
    Ok((stdin, stdout))
}

#[cfg(not(windows))]
pub(crate) fn take_stdio() -> io::Result<(File, File)> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Unknown on this platform. The end of input or a failing write ends the connection instead.
pub(crate) fn is_hung_up<T>(_handle: &T) -> bool {
    false
}

/// Unknown on this platform, so the writer thread writes everything.
pub(crate) fn is_ready<T>(_handle: &T) -> bool {
    false
}

pub(crate) fn wait_readable(_file: &File) -> io::Result<()> {
    Err(io::ErrorKind::WouldBlock.into())
}

pub(crate) fn wait_writable(_file: &File) -> io::Result<()> {
    Err(io::ErrorKind::WouldBlock.into())
}

pub(crate) struct CtrlC;

impl CtrlC {
    pub(crate) fn install() -> io::Result<Self> {
        Ok(Self)
    }

    pub(crate) async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

pub(crate) struct NoParent;

impl NoParent {
    pub(crate) fn current() -> Self {
        Self
    }
}

pub(crate) fn wait_for_client_exit(_parent: &NoParent, _stdout: &File) -> Option<ClientExit> {
    None
}
