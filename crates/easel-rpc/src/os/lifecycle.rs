//! Signals, and the end of the client's process.

use std::fs::File;
use std::io;

use crate::os;
use crate::transport::stdio::Stdout;

/// Termination signals: SIGTERM, SIGINT and SIGHUP. On Windows: Ctrl-C, Ctrl-Break, and the end of the console, of the
/// user's session or of the system. A process that ignores SIGHUP, as `nohup` starts it, continues to ignore it.
///
/// The first signal starts an orderly shutdown, the second one should exit immediately: call [`Signals::next`] again
/// while draining.
pub struct Signals(os::TerminationSignals);

impl Signals {
    /// Replaces the default action of the signals. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// If the platform refuses a handler.
    pub fn install() -> io::Result<Self> {
        os::TerminationSignals::install().map(Self)
    }

    /// Waits for the next signal.
    pub async fn next(&mut self) {
        self.0.next().await;
    }
}

/// What a [`ClientWatch`] detected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientExit {
    /// The parent process is dead.
    ParentExited,
    /// Nobody can read standard output anymore.
    OutputClosed,
}

/// Detects that the parent process died or that the reader of standard output closed it. The end of input shows
/// neither: another process may keep that pipe open.
///
/// A process that init started has no parent to watch, only its output. Windows reports only the end of the parent, and
/// systems that are neither Unix nor Windows report nothing; there the end of input or a failing write ends the server.
pub struct ClientWatch {
    parent: os::ParentProcess,
    stdout: File,
}

impl ClientWatch {
    /// Creates a watch for the current parent. Call it early, and before the outbox takes `stdout`.
    ///
    /// # Errors
    /// If the handle cannot be duplicated.
    pub fn new(stdout: &Stdout) -> io::Result<Self> {
        Ok(Self { parent: os::ParentProcess::current(), stdout: stdout.0.try_clone()? })
    }

    /// Starts the watch. It calls `on_exit` at most once, from a thread of its own. Usually that closes the outbox,
    /// which ends the session.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub fn start(self, on_exit: impl FnOnce(ClientExit) + Send + 'static) -> io::Result<()> {
        std::thread::Builder::new().name("easel-watch".to_owned()).spawn(move || {
            if let Some(exit) = os::wait_for_client_exit(&self.parent, &self.stdout) {
                on_exit(exit);
            }
        })?;
        Ok(())
    }
}
