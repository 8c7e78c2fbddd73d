//! The processes of a program, which all end with the program.

use tokio::process::{Child, Command};

/// The process group of a program, which is killed on drop.
///
/// A process that leaves the group, such as a daemon, is not killed.
#[derive(Debug)]
pub(super) struct ProcessGroup {
    leader: Option<u32>,
}

impl ProcessGroup {
    /// Starts the program as the leader of a new group.
    pub(super) fn spawn(command: &mut Command) -> std::io::Result<(Child, Self)> {
        #[cfg(unix)]
        command.process_group(0);
        let child = command.kill_on_drop(true).spawn()?;
        let leader = child.id();
        Ok((child, Self { leader }))
    }

    /// Kills the processes that the program left behind. Call it right after the program exits: as long as the group
    /// has a process, the system does not reuse the group's number.
    pub(super) fn kill_remaining(&mut self) {
        if let (Some(leader), true) = (self.leader.take(), cfg!(unix)) {
            kill(leader);
        }
    }
}

impl Drop for ProcessGroup {
    /// Kills the group if the program still runs.
    fn drop(&mut self) {
        if let Some(leader) = self.leader.take() {
            kill(leader);
        }
    }
}

#[cfg(unix)]
fn kill(leader: u32) {
    use rustix::process::{Pid, Signal, kill_process_group};
    if let Some(leader) = i32::try_from(leader).ok().and_then(Pid::from_raw) {
        // An error means that the group has no process left.
        let _ = kill_process_group(leader, Signal::KILL);
    }
}

/// Windows has no process groups. `taskkill` kills a running process and its children; it cannot reach the children of
/// a process that has exited.
#[cfg(windows)]
fn kill(leader: u32) {
    use std::process::{Command, Stdio};
    let mut command = Command::new("taskkill.exe");
    command.args(["/F", "/T", "/PID", &leader.to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Err(error) = command.spawn() {
        tracing::warn!(%error, "cannot run taskkill; processes of a program may still run");
    }
}

#[cfg(not(any(unix, windows)))]
fn kill(_leader: u32) {}
