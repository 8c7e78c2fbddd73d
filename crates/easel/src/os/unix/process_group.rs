//! The processes of a program, which all end with the program.

use std::io;
use std::process::ExitStatus;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

use crate::os::Pipes;

/// A program and the process group that it leads. The group is killed on drop.
///
/// A process that leaves the group, such as a daemon, is not killed.
#[derive(Debug)]
pub(crate) struct ProcessGroup {
    program: Child,
    /// The number of the group, until it is killed.
    leader: Option<u32>,
}

impl ProcessGroup {
    /// Starts the program as the leader of a new group.
    pub(crate) fn spawn(mut command: Command) -> io::Result<Self> {
        let program = command.process_group(0).kill_on_drop(true).spawn()?;
        let leader = program.id();
        Ok(Self { program, leader })
    }

    /// Takes the pipes of the program.
    pub(crate) fn take_pipes(&mut self) -> Pipes {
        (self.program.stdin.take(), self.program.stdout.take(), self.program.stderr.take())
    }

    /// Waits until the program exits, and kills the processes that it leaves behind.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.program.wait().await;
        // Right after the exit: as long as the group has a process, the system does not reuse the group's number.
        self.kill();
        status
    }

    fn kill(&mut self) {
        if let Some(leader) = self.leader.take().and_then(|leader| Pid::from_raw(i32::try_from(leader).ok()?)) {
            // An error means that the group has no process left.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

impl Drop for ProcessGroup {
    /// Kills the group if the program still runs.
    fn drop(&mut self) {
        self.kill();
    }
}
