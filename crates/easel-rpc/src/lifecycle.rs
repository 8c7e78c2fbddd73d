//! What ends the process from outside: signals, and a client that is gone.

use std::fs::File;
use std::io;

use crate::os;
use crate::stdio::Stdout;

/// Termination requests: SIGTERM, SIGINT and SIGHUP, or Ctrl-C where there are no signals. A process that ignores SIGHUP,
/// as `nohup` starts it, goes on doing so.
///
/// The first one starts the orderly end, the second one exits at once: wait for [`Signals::next`] again while draining.
pub struct Signals(os::Signals);

impl Signals {
    /// Takes the signals over from their default action. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the platform refuses a handler.
    pub fn install() -> io::Result<Self> {
        os::Signals::install().map(Self)
    }

    /// Resolves at the next signal.
    pub async fn next(&mut self) {
        self.0.next().await;
    }
}

/// What a [`ClientWatch`] saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// The process that started us is dead.
    Parent,
    /// Nobody can read our standard output any more.
    Output,
}

/// Sees that the parent process died or that our output was closed by its reader. End of input does not tell either:
/// another process may hold that pipe open.
///
/// A process that was started by init has no parent to watch, only its output. Where the platform offers neither
/// (Windows), the watch sees nothing, and end of input or a failing write ends the server.
pub struct ClientWatch {
    parent: os::Parent,
    stdout: File,
}

impl ClientWatch {
    /// Remembers who the parent is, so make it early, and before the outbox takes `stdout`.
    ///
    /// # Errors
    /// When the handle cannot be duplicated.
    pub fn new(stdout: &Stdout) -> io::Result<Self> {
        Ok(Self { parent: os::Parent::now(), stdout: stdout.0.try_clone()? })
    }

    /// Calls `on_gone` at most once, from a thread of its own. Usually it closes the outbox, which ends the session.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(self, on_gone: impl FnOnce(Gone) + Send + 'static) -> io::Result<()> {
        std::thread::Builder::new().name("easel-watch".to_owned()).spawn(move || {
            if let Some(gone) = os::wait_until_gone(&self.parent, &self.stdout) {
                on_gone(gone);
            }
        })?;
        Ok(())
    }
}
