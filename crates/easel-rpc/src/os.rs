//! Everything that differs by operating system, each with a portable fallback.

#[cfg(not(unix))]
pub(crate) use portable::{Parent, Signals, is_ready, take_stdio, wait_readable, wait_until_gone, wait_writable};
#[cfg(unix)]
pub(crate) use unix::{Parent, Signals, is_ready, take_stdio, wait_readable, wait_until_gone, wait_writable};

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

    /// A pipe or socket that polls as writable takes a page without blocking; a file always does.
    pub(crate) fn is_ready(handle: &impl AsFd) -> bool {
        const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
        let mut fds = [PollFd::new(handle, PollFlags::OUT)];
        poll(&mut fds, Some(&AT_ONCE)).is_ok_and(|ready| ready == 1)
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
    }

    impl Signals {
        pub(crate) fn install() -> io::Result<Self> {
            Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
        }

        pub(crate) async fn next(&mut self) {
            tokio::select! {
                _ = self.terminate.recv() => {}
                _ = self.interrupt.recv() => {}
            }
        }
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
        let timeout = matches!(parent, Parent::Polled { .. }).then_some(&SECOND);
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
        use std::os::windows::io::AsHandle;
        let duplicate = |handle: std::os::windows::io::BorrowedHandle<'_>| handle.try_clone_to_owned().map(File::from);
        Ok((duplicate(io::stdin().as_handle())?, duplicate(io::stdout().as_handle())?))
    }

    #[cfg(not(windows))]
    pub(crate) fn take_stdio() -> io::Result<(File, File)> {
        Err(io::ErrorKind::Unsupported.into())
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
