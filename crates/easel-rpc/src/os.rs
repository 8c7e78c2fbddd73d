//! Everything that differs by operating system, each with a portable fallback.

#[cfg(not(unix))]
pub(crate) use portable::{
    Parent, Signals, is_hung_up, is_ready, take_stdio, wait_readable, wait_until_gone, wait_writable,
};
#[cfg(unix)]
pub(crate) use unix::{
    Parent, Signals, is_hung_up, is_ready, take_stdio, wait_readable, wait_until_gone, wait_writable,
};

use std::fs::File;

use crate::socket::Socket;

/// Tells whether a client has closed its end of a connection, while its messages are not read.
#[derive(Debug)]
pub struct HangUpProbe(Handle);

#[derive(Debug)]
enum Handle {
    File(File),
    Socket(Socket),
}

impl HangUpProbe {
    pub(crate) fn is_hung_up(&self) -> bool {
        match &self.0 {
            Handle::File(file) => is_hung_up(file),
            Handle::Socket(socket) => socket.is_hung_up(),
        }
    }
}

impl From<File> for HangUpProbe {
    fn from(file: File) -> Self {
        Self(Handle::File(file))
    }
}

impl From<Socket> for HangUpProbe {
    fn from(socket: Socket) -> Self {
        Self(Handle::Socket(socket))
    }
}

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io;
    use std::os::fd::{AsFd, OwnedFd};

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::process::{Pid, getppid};
    use tokio::signal::unix::{Signal, SignalKind, signal};

    use crate::lifecycle::Gone;

    pub(crate) fn take_stdio() -> io::Result<(File, File)> {
        let stdin = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
        let stdout = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3)?;
        rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
        rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
        Ok((stdin.into(), stdout.into()))
    }

    /// Linux wakes whoever polls for a hang-up; XNU does not tell who asks for no event.
    const TELLS_HANG_UP: bool = cfg!(target_os = "linux");

    const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

    /// A pipe or socket that polls as writable takes a page without blocking; a file always does.
    pub(crate) fn is_ready(handle: &impl AsFd) -> bool {
        let mut fds = [PollFd::new(handle, PollFlags::OUT)];
        poll(&mut fds, Some(&AT_ONCE)).is_ok_and(|ready| ready == 1)
    }

    /// Whether the other end of a pipe is closed, or that of a socket for writing.
    pub(crate) fn is_hung_up(handle: &impl AsFd) -> bool {
        #[cfg(target_os = "linux")]
        const CLOSED: PollFlags = PollFlags::RDHUP;
        #[cfg(not(target_os = "linux"))]
        const CLOSED: PollFlags = PollFlags::empty();
        ended(handle, PollFlags::IN | CLOSED, CLOSED)
    }

    /// Whether nobody can read what is written here any more.
    fn is_unread(handle: &impl AsFd) -> bool {
        ended(handle, PollFlags::OUT, PollFlags::empty())
    }

    fn ended(handle: &impl AsFd, asked: PollFlags, too: PollFlags) -> bool {
        let mut fds = [PollFd::new(handle, asked)];
        let over = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL | too;
        poll(&mut fds, Some(&AT_ONCE)).is_ok() && fds[0].revents().intersects(over)
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

    pub(crate) struct Signals {
        terminate: Signal,
        interrupt: Signal,
        /// Left alone in a process that was started to outlive its terminal.
        hang_up: Option<Signal>,
    }

    impl Signals {
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

    /// Whether SIGHUP is ignored, as `nohup` leaves it. Only Linux says so without unsafe code.
    fn ignores_hang_up() -> bool {
        const SIGHUP: u64 = 1;
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & SIGHUP != 0)
    }

    /// The process that started us, as it was when the watch began.
    pub(crate) enum Parent {
        /// Started by init, or already orphaned: nobody to watch.
        None,
        /// Wakes when it dies.
        Watched { pid: Pid, handle: OwnedFd },
        /// To be asked for every second, because the system cannot tell.
        Polled { pid: Pid },
    }

    impl Parent {
        pub(crate) fn now() -> Self {
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

    /// Blocks until the parent is dead or nobody reads `stdout` any more.
    pub(crate) fn wait_until_gone(parent: &Parent, stdout: &File) -> Option<Gone> {
        const SECOND: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
        let looks = !TELLS_HANG_UP || matches!(parent, Parent::Polled { .. });
        let timeout = looks.then_some(&SECOND);
        // No event is asked for on the output: errors and hang-ups are always told, readiness would wake without end.
        let mut fds = vec![PollFd::new(stdout, PollFlags::empty())];
        if let Parent::Watched { handle, .. } = parent {
            fds.push(PollFd::new(handle, PollFlags::IN));
        }
        loop {
            // Also looked at before the first wait: the parent may have died before it could be watched.
            if parent.pid().is_some_and(|pid| getppid() != Some(pid)) {
                return Some(Gone::Parent);
            }
            if !TELLS_HANG_UP && is_unread(stdout) {
                return Some(Gone::Output);
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
                (Some(true), _) => return Some(Gone::Output),
                (_, Some(true)) => return Some(Gone::Parent),
                (_, Some(false) | None) => {}
            }
        }
    }
}

#[cfg(not(unix))]
mod portable {
    use std::fs::File;
    use std::io;

    use crate::lifecycle::Gone;

    #[cfg(windows)]
    #[expect(clippy::disallowed_methods, reason = "here the writer takes it over")]
    pub(crate) fn take_stdio() -> io::Result<(File, File)> {
        use std::os::windows::io::{AsHandle, BorrowedHandle};
        use stdio_override::{StdinOverride, StdoutOverride};
        /// As long as the process lives: their drop would give the handles back.
        static TAKEN: parking_lot::Mutex<Option<(StdinOverride, StdoutOverride)>> = parking_lot::Mutex::new(None);
        let duplicate = |handle: BorrowedHandle<'_>| handle.try_clone_to_owned().map(File::from);
        let (stdin, stdout) = (duplicate(io::stdin().as_handle())?, duplicate(io::stdout().as_handle())?);
        let nothing = || File::options().read(true).write(true).open("NUL");
        // A program without a console may have no standard error.
        let stray = StdoutOverride::from_io_ref(&io::stderr()).or_else(|_| StdoutOverride::from_io(nothing()?))?;
        *TAKEN.lock() = Some((StdinOverride::from_io(nothing()?)?, stray));
        Ok((stdin, stdout))
    }

    #[cfg(not(windows))]
    pub(crate) fn take_stdio() -> io::Result<(File, File)> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Unknown here; the end of input or a write that fails tells.
    pub(crate) fn is_hung_up<T>(_handle: &T) -> bool {
        false
    }

    /// Unknown, so the writer thread writes.
    pub(crate) fn is_ready<T>(_handle: &T) -> bool {
        false
    }

    pub(crate) fn wait_readable(_file: &File) -> io::Result<()> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    pub(crate) fn wait_writable(_file: &File) -> io::Result<()> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    pub(crate) struct Signals;

    impl Signals {
        pub(crate) fn install() -> io::Result<Self> {
            Ok(Self)
        }

        pub(crate) async fn next(&mut self) {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    pub(crate) struct Parent;

    impl Parent {
        pub(crate) fn now() -> Self {
            Self
        }
    }

    pub(crate) fn wait_until_gone(_parent: &Parent, _stdout: &File) -> Option<Gone> {
        None
    }
}
