//! Unix: signals, polling, and the parent process.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, getppid};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::os::lifecycle::ClientExit;

/// Moves standard input and output to new descriptors. The old ones become `/dev/null` and standard error.
pub(crate) fn take_stdio() -> io::Result<(File, File)> {
    let stdin = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    let stdout = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
    Ok((stdin.into(), stdout.into()))
}

/// Whether `poll` without events reports a hang-up. Linux does, XNU does not.
const POLL_REPORTS_HANG_UP: bool = cfg!(target_os = "linux");

const NO_WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// Returns whether a write of one page would not block: a pipe or socket that polls as writable, and always a file.
pub(crate) fn is_ready(handle: &impl AsFd) -> bool {
    let mut fds = [PollFd::new(handle, PollFlags::OUT)];
    poll(&mut fds, Some(&NO_WAIT)).is_ok_and(|ready| ready == 1)
}

/// Returns whether the other end of a pipe is closed, or a socket's peer has shut down writing.
pub(crate) fn is_hung_up(handle: &impl AsFd) -> bool {
    #[cfg(target_os = "linux")]
    const CLOSED: PollFlags = PollFlags::RDHUP;
    #[cfg(not(target_os = "linux"))]
    const CLOSED: PollFlags = PollFlags::empty();
    has_ended(handle, PollFlags::IN | CLOSED, CLOSED)
}

/// Returns whether nobody can read this pipe anymore.
fn has_no_reader(handle: &impl AsFd) -> bool {
    has_ended(handle, PollFlags::OUT, PollFlags::empty())
}

/// Polls for `events` without waiting. Returns whether the handle reports its end: a hang-up, an error, or one of
/// `end`.
fn has_ended(handle: &impl AsFd, events: PollFlags, end: PollFlags) -> bool {
    let mut fds = [PollFd::new(handle, events)];
    let end = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL | end;
    poll(&mut fds, Some(&NO_WAIT)).is_ok() && fds[0].revents().intersects(end)
}

pub(crate) fn wait_readable(file: &File) -> io::Result<()> {
    wait(file, PollFlags::IN)
}

pub(crate) fn wait_writable(file: &File) -> io::Result<()> {
    wait(file, PollFlags::OUT)
}

fn wait(file: &File, what: PollFlags) -> io::Result<()> {
    match poll(&mut [PollFd::new(file, what)], None) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(e) => Err(e.into()),
    }
}

pub(crate) struct TerminationSignals {
    terminate: Signal,
    interrupt: Signal,
    /// `None` in a process that was started to outlive its terminal.
    hang_up: Option<Signal>,
}

impl TerminationSignals {
    pub(crate) fn install() -> io::Result<Self> {
        let hang_up = if ignores_hang_up() { None } else { Some(signal(SignalKind::hangup())?) };
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt, hang_up })
    }

    pub(crate) async fn next(&mut self) {
        let hung_up = async {
            match &mut self.hang_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = hung_up => {}
        }
    }
}

/// Returns whether SIGHUP is ignored, as `nohup` sets it. Only Linux shows this without unsafe code.
fn ignores_hang_up() -> bool {
    const SIGHUP: u64 = 1;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & SIGHUP != 0)
}

/// The process that started this one, as of the start of the watch.
pub(crate) enum ParentProcess {
    /// Started by init, or already orphaned: there is no process to watch.
    None,
    /// `handle` becomes readable when the process dies.
    Watched { pid: Pid, handle: OwnedFd },
    /// Checked every second, because the system has no handle to wait for.
    Polled { pid: Pid },
}

impl ParentProcess {
    pub(crate) fn current() -> Self {
        match getppid() {
            None | Some(Pid::INIT) => Self::None,
            Some(pid) => open(pid).map_or(Self::Polled { pid }, |handle| Self::Watched { pid, handle }),
        }
    }

    fn pid(&self) -> Option<Pid> {
        match self {
            Self::None => None,
            Self::Watched { pid, .. } | Self::Polled { pid } => Some(*pid),
        }
    }
}

#[cfg(target_os = "linux")]
fn open(pid: Pid) -> Option<OwnedFd> {
    rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn open(_pid: Pid) -> Option<OwnedFd> {
    None
}

/// Blocks until the parent is dead or nobody can read `stdout` anymore. Returns `None` if neither can be watched.
pub(crate) fn wait_for_client_exit(parent: &ParentProcess, stdout: &File) -> Option<ClientExit> {
    const SECOND: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
    let must_check = !POLL_REPORTS_HANG_UP || matches!(parent, ParentProcess::Polled { .. });
    let timeout = must_check.then_some(&SECOND);
    // No events for the output: errors and hang-ups are always reported, readiness would wake this loop without end.
    let mut fds = vec![PollFd::new(stdout, PollFlags::empty())];
    if let ParentProcess::Watched { handle, .. } = parent {
        fds.push(PollFd::new(handle, PollFlags::IN));
    }
    loop {
        // Also before the first wait: the parent may have died before the watch began.
        if parent.pid().is_some_and(|pid| getppid() != Some(pid)) {
            return Some(ClientExit::ParentExited);
        }
        if !POLL_REPORTS_HANG_UP && has_no_reader(stdout) {
            return Some(ClientExit::OutputClosed);
        }
        match poll(&mut fds, timeout) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(e) => {
                tracing::warn!(error = %e, "the client cannot be watched");
                return None;
            }
        }
        let mut ended = fds.iter().map(|fd| !fd.revents().is_empty());
        match (ended.next(), ended.next()) {
            (Some(true), _) => return Some(ClientExit::OutputClosed),
            (_, Some(true)) => return Some(ClientExit::ParentExited),
            (_, Some(false) | None) => {}
        }
    }
}
