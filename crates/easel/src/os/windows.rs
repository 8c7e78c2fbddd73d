//! Windows: job objects, the disk, and the variables of programs.

use std::io;
use std::path::Path;
use std::process::ExitStatus;

use process_wrap::tokio::{ChildWrapper, CommandWrap, JobObject, KillOnDrop};
use tokio::process::Command;

pub(crate) use super::portable::{SocketFile, TerminalModes, check_writable, raise_open_files};
pub(super) use super::portable::{forbid_dumps, limit_core_files};
use crate::os::Pipes;

/// The variables that are passed to programs. Programs do not start without some of them.
///
/// The variables of proxies are not passed, because their URLs may contain passwords.
pub(crate) const PROGRAM_VARIABLES: &[&str] = &[
    "PATH",
    "PATHEXT",
    "COMSPEC",
    "SYSTEMROOT",
    "SYSTEMDRIVE",
    "WINDIR",
    "TEMP",
    "TMP",
    "USERNAME",
    "USERDOMAIN",
    "USERPROFILE",
    "HOMEDRIVE",
    "HOMEPATH",
    "APPDATA",
    "LOCALAPPDATA",
    "PROGRAMDATA",
    "PROGRAMFILES",
    "PROGRAMFILES(X86)",
    "COMMONPROGRAMFILES",
    "HOME",
    "LANG",
    "TZ",
];

/// Returns whether two names are those of one variable.
pub(crate) fn is_same_variable(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// Returns the number of bytes that the user may still write to the disk of a folder; `None` if it is unknown.
pub(crate) fn free_bytes(folder: &Path) -> Option<u64> {
    let mut free = 0;
    winsafe::GetDiskFreeSpaceEx(Some(folder.to_str()?), Some(&mut free), None, None).ok()?;
    Some(free)
}

/// A program in a job object of its own, with the processes that it starts. Windows kills them when the job is closed:
/// on drop, or when this process ends in any way.
#[derive(Debug)]
pub(crate) struct ProcessGroup(Box<dyn ChildWrapper>);

impl ProcessGroup {
    /// Starts the program in a new job. It runs once it is in the job, so no process can escape.
    pub(crate) fn spawn(command: Command) -> io::Result<Self> {
        CommandWrap::from(command).wrap(KillOnDrop).wrap(JobObject).spawn().map(Self)
    }

    /// Takes the pipes of the program.
    pub(crate) fn take_pipes(&mut self) -> Pipes {
        (self.0.stdin().take(), self.0.stdout().take(), self.0.stderr().take())
    }

    /// Waits until the program exits, and kills the processes that it leaves behind.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        // The job itself would wait for every process.
        let status = self.0.inner_mut().wait().await;
        self.0.start_kill()?;
        status
    }
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;
    use std::time::Duration;

    use tokio::io::AsyncReadExt;

    use super::*;

    #[test]
    fn free_space_is_known() {
        assert!(free_bytes(&std::env::temp_dir()).is_some_and(|free| free > 0));
    }

    /// The program leaves a shell behind that waits for input and keeps the output open.
    #[tokio::test]
    async fn processes_that_a_program_leaves_behind_are_killed() {
        let mut command = Command::new("cmd.exe");
        command.args(["/c", "start", "/b", "cmd.exe", "/k"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut group = ProcessGroup::spawn(command).unwrap();
        let (stdin, stdout, _) = group.take_pipes();
        assert!(group.wait().await.unwrap().success());
        let (mut stdout, mut output) = (stdout.unwrap(), Vec::new());
        let read = stdout.read_to_end(&mut output);
        tokio::time::timeout(Duration::from_secs(60), read).await.expect("the output is closed").unwrap();
        drop(stdin);
    }

    #[tokio::test]
    async fn drop_kills_the_program() {
        let mut command = Command::new("cmd.exe");
        command.arg("/k").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut group = ProcessGroup::spawn(command).unwrap();
        let (stdin, stdout, _) = group.take_pipes();
        drop(group);
        let (mut stdout, mut output) = (stdout.unwrap(), Vec::new());
        let read = stdout.read_to_end(&mut output);
        tokio::time::timeout(Duration::from_secs(60), read).await.expect("the output is closed").unwrap();
        drop(stdin);
    }
}
