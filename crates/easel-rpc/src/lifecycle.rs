//! What ends the process from outside: signals, and a client that is gone.

use std::io;

use crate::os;
use crate::stdio::Stdout;

/// Termination requests: SIGTERM and SIGINT, or Ctrl-C where there are no signals.
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

/// What [`watch_client`] saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// The process that started us is dead.
    Parent,
    /// Nobody can read our standard output any more.
    Output,
}

/// Calls `on_gone` once, from a thread of its own, when the parent process dies or our output is closed by its reader.
/// End of input does not tell either: another process may hold that pipe open. Usually `on_gone` closes the outbox.
///
/// A process that was started by init has no parent to watch, only its output. Where the platform offers neither
/// (Windows), the watch does nothing and end of input or a failing write ends the server.
///
/// # Errors
/// When the handle cannot be duplicated or the thread cannot be started.
pub fn watch_client(stdout: &Stdout, on_gone: impl FnOnce(Gone) + Send + 'static) -> io::Result<()> {
    let stdout = stdout.0.try_clone()?;
    let parent = os::Parent::now();
    std::thread::Builder::new().name("easel-watch".to_owned()).stack_size(64 * 1024).spawn(move || {
        if let Some(gone) = os::wait_until_gone(&parent, &stdout) {
            on_gone(gone);
        }
    })?;
    Ok(())
}
