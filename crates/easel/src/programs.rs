//! The programs that the user configured and that Easel runs: those that print a credential, and hooks. They run
//! without a shell, for a limited time, with limited output, and without the secrets of our own environment.

mod environment;
mod output;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

pub(crate) use environment::allowed_variables;
pub(crate) use output::Excess;

use crate::os::ProcessGroup;

/// A program with its arguments and its environment.
pub(crate) struct Program {
    path: PathBuf,
    arguments: Vec<SecretString>,
    variables: Vec<(OsString, OsString)>,
    cwd: PathBuf,
}

/// What is read of a program's output.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Capture {
    /// Maximum number of bytes of stdout.
    pub(crate) stdout: usize,
    /// Maximum number of bytes of stderr. With 0, stderr is discarded.
    pub(crate) stderr: usize,
    /// What happens if the program prints more.
    pub(crate) excess: Excess,
}

/// The end of a program.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

/// Why a program has no end of its own. The messages contain neither the command nor the output, since both may be
/// secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProgramError {
    /// The program does not exist, or may not be run.
    #[error("cannot be started: {0}")]
    Start(#[source] io::Error),
    /// The system lost track of the process.
    #[error("did not exit: {0}")]
    Wait(#[source] io::Error),
    /// A pipe failed.
    #[error("has output that cannot be read: {0}")]
    Read(#[source] io::Error),
    /// The program printed more than this many bytes, and [`Excess::Fail`] was set.
    #[error("printed more than {0} bytes")]
    TooMuchOutput(usize),
    /// The program was killed because it took longer than this.
    #[error("timed out after {} ms", .0.as_millis())]
    TimedOut(Duration),
}

impl Program {
    /// Creates a program. `command` is a name to look up in `PATH`, or a path, which starts at `cwd` if it is relative.
    pub(crate) fn new(
        command: &Path,
        arguments: Vec<SecretString>,
        variables: Vec<(OsString, OsString)>,
        cwd: PathBuf,
    ) -> Self {
        let is_name = command.components().count() == 1 && !command.is_absolute();
        let path = if is_name { command.to_owned() } else { cwd.join(command) };
        Self { path, arguments, variables, cwd }
    }

    /// Returns the name or the path of the program, without its arguments.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs the program to its end, with `input` as its standard input. Its processes end with it, after `timeout`, or
    /// when this future is dropped.
    ///
    /// # Errors
    /// See [`ProgramError`]. A program that fails has a [`Finished::status`].
    pub(crate) async fn run(
        &self,
        input: &[u8],
        capture: Capture,
        timeout: Duration,
    ) -> Result<Finished, ProgramError> {
        let running = tokio::time::timeout(timeout, self.run_to_end(input, capture)).await;
        running.unwrap_or(Err(ProgramError::TimedOut(timeout)))
    }

    async fn run_to_end(&self, input: &[u8], capture: Capture) -> Result<Finished, ProgramError> {
        let pipe_unless = |is_unused: bool| if is_unused { Stdio::null() } else { Stdio::piped() };
        let mut command = Command::new(&self.path);
        command.args(self.arguments.iter().map(ExposeSecret::expose_secret)).current_dir(&self.cwd);
        command.env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(pipe_unless(input.is_empty())).stdout(Stdio::piped()).stderr(pipe_unless(capture.stderr == 0));
        let mut group = ProcessGroup::spawn(command).map_err(ProgramError::Start)?;
        let (stdin, stdout, stderr) = group.take_pipes();
        let exited = CancellationToken::new();
        let exit = async {
            // Processes that the program leaves behind may keep the pipes open, so the group ends with the program.
            let status = group.wait().await;
            exited.cancel();
            status.map_err(ProgramError::Wait)
        };
        let write = async {
            if let Some(mut stdin) = stdin {
                // A program need not read its input, so an error means nothing.
                tokio::select! {
                    _ = stdin.write_all(input) => {}
                    () = exited.cancelled() => {}
                }
            }
            Ok(())
        };
        let stdout = output::read(stdout, capture.stdout, capture.excess, &exited);
        let stderr = output::read(stderr, capture.stderr, capture.excess, &exited);
        let (status, (), stdout, stderr) = tokio::try_join!(exit, write, stdout, stderr)?;
        Ok(Finished { status, stdout, stderr })
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn input_that_is_not_read_does_not_block() {
        let program = Program::new(Path::new("true"), Vec::new(), Vec::new(), std::env::temp_dir());
        let capture = Capture { stdout: 1, stderr: 0, excess: Excess::Drop };
        // No pipe holds that much.
        let finished = program.run(&vec![b' '; 4 << 20], capture, Duration::from_secs(60)).await.unwrap();
        assert!(finished.status.success());
    }
}
