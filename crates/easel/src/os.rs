//! What differs by operating system. No other file of this crate has code for one system only.
//!
//! Systems that are neither Unix nor Windows get a portable version; Windows uses parts of it.

#[cfg(not(unix))]
mod portable;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::io;

#[cfg(not(any(unix, windows)))]
use portable as platform;
#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

pub(crate) use platform::{
    PROGRAM_VARIABLES, ProcessGroup, SocketFile, TerminalModes, check_writable, free_bytes, is_same_variable,
    raise_open_files,
};

/// The pipes of a program that was started: its standard input, output and error.
pub(crate) type Pipes =
    (Option<tokio::process::ChildStdin>, Option<tokio::process::ChildStdout>, Option<tokio::process::ChildStderr>);

/// Keeps the memory of this process, which contains keys, out of core dumps and from other processes of the same user.
///
/// On Linux the limit of core files is not enough: the kernel ignores it when it pipes core files to a program, and
/// every process of the user can read `/proc/PID/environ` and `/proc/PID/mem`. A process that is not dumpable is
/// protected from both. Child processes inherit only the limit. Systems other than Unix decide about dumps themselves.
///
/// # Errors
/// Those of the operating system. Every protection is tried, even if one fails.
pub(crate) fn protect_memory() -> io::Result<()> {
    let results = [platform::limit_core_files(), platform::forbid_dumps()];
    results.into_iter().collect()
}
