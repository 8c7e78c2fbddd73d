//! The processes of a credential program: what it starts ends with it.

use tokio::process::{Child, Command};

/// The group of a program's processes. Killed when this is dropped.
///
/// A process that leaves the group lives on, as a daemon means to.
#[derive(Debug)]
pub(super) struct Group {
    leader: Option<u32>,
}

impl Group {
    /// Starts the program as the leader of a group of its own.
    pub(super) fn spawn(command: &mut Command) -> std::io::Result<(Child, Self)> {
        #[cfg(unix)]
        command.process_group(0);
        let child = command.kill_on_drop(true).spawn()?;
        let leader = child.id();
        Ok((child, Self { leader }))
    }

    /// Kills what the program left behind. Called right after its end, before its number can be another process's: the
    /// number is taken for as long as the group has a process.
    pub(super) fn end(&mut self) {
        if let (Some(leader), true) = (self.leader.take(), cfg!(unix)) {
            kill(leader);
        }
    }
}

impl Drop for Group {
    /// The program still runs.
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
        // An empty group is what is wanted.
        let _ = kill_process_group(leader, Signal::KILL);
    }
}

/// There are no groups; a program of the system kills a running process with all that it started. What a program that
/// ended left behind is out of reach.
#[cfg(windows)]
fn kill(leader: u32) {
    use std::process::{Command, Stdio};
    let mut command = Command::new("taskkill.exe");
    command.args(["/F", "/T", "/PID", &leader.to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Err(error) = command.spawn() {
        tracing::warn!(%error, "what a credential program started may still run");
    }
}

#[cfg(not(any(unix, windows)))]
fn kill(_leader: u32) {}
