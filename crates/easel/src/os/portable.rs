//! The portable version, for systems that are not Unix. Windows has its own version of some of it.

use std::io;
use std::path::Path;

use easel_rpc::Socket;

#[cfg(not(windows))]
pub(crate) use fallback::{PROGRAM_VARIABLES, ProcessGroup, free_bytes, is_same_variable};

/// Socket files exist on Unix only, so this type has no value.
#[derive(Debug)]
pub(crate) enum SocketFile {}

impl SocketFile {
    /// Returns `None`: no service manager passes sockets.
    pub(crate) fn inherit() -> io::Result<Option<Self>> {
        Ok(None)
    }

    /// Fails.
    pub(crate) fn bind(_path: &Path) -> io::Result<Self> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "unix:// is not supported on this system; use ws://127.0.0.1:0"))
    }

    /// Returns the path of the file.
    pub(crate) fn path(&self) -> &Path {
        match *self {}
    }

    /// Waits for the next client.
    #[expect(clippy::unused_async, reason = "the version for Unix waits")]
    pub(crate) async fn accept(&self) -> io::Result<Socket> {
        match *self {}
    }
}

/// The system decides about dumps.
pub(super) fn limit_core_files() -> io::Result<()> {
    Ok(())
}

/// The system decides about dumps.
pub(super) fn forbid_dumps() -> io::Result<()> {
    Ok(())
}

/// The system does not limit open files.
pub(crate) fn raise_open_files() {}

/// The system reports it when a file is created.
pub(crate) fn check_writable(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// The modes of the terminal, which the system restores.
pub(crate) struct TerminalModes;

impl TerminalModes {
    /// Returns the current modes.
    pub(crate) fn current() -> Self {
        Self
    }

    /// Does nothing.
    pub(crate) fn restore(&self) {}
}

/// What Windows has its own version of.
#[cfg(not(windows))]
mod fallback {
    use std::io;
    use std::path::Path;
    use std::process::ExitStatus;

    use tokio::process::{Child, Command};

    use crate::os::Pipes;

    /// The variables that are passed to programs.
    pub(crate) const PROGRAM_VARIABLES: &[&str] = &["PATH", "HOME", "LANG", "TZ"];

    /// Returns whether two names are those of one variable.
    pub(crate) fn is_same_variable(one: &str, other: &str) -> bool {
        one == other
    }

    /// Unknown.
    pub(crate) fn free_bytes(_folder: &Path) -> Option<u64> {
        None
    }

    /// A program, which is killed on drop. The processes that it starts are not.
    #[derive(Debug)]
    pub(crate) struct ProcessGroup(Child);

    impl ProcessGroup {
        /// Starts the program.
        pub(crate) fn spawn(mut command: Command) -> io::Result<Self> {
            command.kill_on_drop(true).spawn().map(Self)
        }

        /// Takes the pipes of the program.
        pub(crate) fn take_pipes(&mut self) -> Pipes {
            (self.0.stdin.take(), self.0.stdout.take(), self.0.stderr.take())
        }

        /// Waits until the program exits.
        pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
            self.0.wait().await
        }
    }
}
