//! Windows: console events, standard handles, and the parent process.

use std::fs::File;
use std::io;

use stdio_override::{StdinOverride, StdoutOverride};
use tokio::signal::windows::{CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown};
use winsafe::guard::CloseHandleGuard;
use winsafe::{GetCurrentProcessId, HPROCESS, HPROCESSLIST, SysResult, co};

pub(crate) use super::portable::{is_hung_up, is_ready, wait_readable, wait_writable};
use crate::os::lifecycle::ClientExit;

/// Duplicates standard input and output. The process' own become `NUL` and standard error.
#[expect(clippy::disallowed_methods, reason = "the only place that takes it over")]
pub(crate) fn take_stdio() -> io::Result<(File, File)> {
    use std::os::windows::io::{AsHandle, BorrowedHandle};
    /// Kept for the life of the process: dropping them would restore the handles.
    static TAKEN: parking_lot::Mutex<Option<(StdinOverride, StdoutOverride)>> = parking_lot::Mutex::new(None);
    let duplicate = |handle: BorrowedHandle<'_>| handle.try_clone_to_owned().map(File::from);
    let (stdin, stdout) = (duplicate(io::stdin().as_handle())?, duplicate(io::stdout().as_handle())?);
    let null = || File::options().read(true).write(true).open("NUL");
    // A program without a console may have no standard error.
    let stdout_override = StdoutOverride::from_io_ref(&io::stderr()).or_else(|_| StdoutOverride::from_io(null()?))?;
    *TAKEN.lock() = Some((StdinOverride::from_io(null()?)?, stdout_override));
    Ok((stdin, stdout))
}

/// The events that Windows sends to a process of a console, or of a session that ends. Windows kills the process some
/// seconds after the last three, whatever it does.
pub(crate) struct TerminationSignals {
    interrupt: CtrlC,
    r#break: CtrlBreak,
    close: CtrlClose,
    log_off: CtrlLogoff,
    shut_down: CtrlShutdown,
}

impl TerminationSignals {
    pub(crate) fn install() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown};
        let (interrupt, r#break, close) = (ctrl_c()?, ctrl_break()?, ctrl_close()?);
        Ok(Self { interrupt, r#break, close, log_off: ctrl_logoff()?, shut_down: ctrl_shutdown()? })
    }

    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.r#break.recv() => {}
            _ = self.close.recv() => {}
            _ = self.log_off.recv() => {}
            _ = self.shut_down.recv() => {}
        }
    }
}

/// The process that started this one; `None` if it has ended or may not be watched.
pub(crate) struct ParentProcess(Option<CloseHandleGuard<HPROCESS>>);

impl ParentProcess {
    pub(crate) fn current() -> Self {
        Self(open_parent().unwrap_or_else(|error| {
            tracing::debug!(%error, "the parent process cannot be watched");
            None
        }))
    }
}

/// Opens the process whose id Windows has stored as that of the parent. Windows reuses ids, so a process that is
/// younger than this one is not the parent.
fn open_parent() -> SysResult<Option<CloseHandleGuard<HPROCESS>>> {
    let own_id = GetCurrentProcessId();
    let mut processes = HPROCESSLIST::CreateToolhelp32Snapshot(co::TH32CS::SNAPPROCESS, None)?;
    let mut parent_id = None;
    for process in processes.iter_processes() {
        let process = process?;
        if process.th32ProcessID == own_id {
            parent_id = Some(process.th32ParentProcessID);
        }
    }
    let Some(parent_id) = parent_id else { return Ok(None) };
    let access = co::PROCESS::SYNCHRONIZE | co::PROCESS::QUERY_LIMITED_INFORMATION;
    let parent = HPROCESS::OpenProcess(access, false, parent_id)?;
    let own_start = start_time(&HPROCESS::GetCurrentProcess())?;
    Ok((start_time(&parent)? <= own_start).then_some(parent))
}

/// Returns when a process started, in units of 100 ns.
fn start_time(process: &HPROCESS) -> SysResult<u64> {
    let (start, _, _, _) = process.GetProcessTimes()?;
    Ok(start.into())
}

/// Blocks until the parent is dead. Returns `None` if it cannot be watched.
pub(crate) fn wait_for_client_exit(parent: &ParentProcess, _stdout: &File) -> Option<ClientExit> {
    match parent.0.as_ref()?.WaitForSingleObject(None) {
        Ok(_) => Some(ClientExit::ParentExited),
        Err(error) => {
            tracing::warn!(%error, "the client cannot be watched");
            None
        }
    }
}
