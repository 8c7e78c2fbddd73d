//! What the program does differently on each operating system.

use std::io;
use std::path::Path;

/// Keeps the memory of this process, which contains keys, out of core dumps and from other processes of the same user.
///
/// On Linux the limit of core files is not enough: the kernel ignores it when it pipes core files to a program, and
/// every process of the user can read `/proc/PID/environ` and `/proc/PID/mem`. A process that is not dumpable is
/// protected from both. Child processes inherit only the limit.
///
/// # Errors
/// Those of the operating system. Every protection is tried, even if one fails.
pub(crate) fn protect_memory() -> io::Result<()> {
    let results = [limit_core_files(), forbid_dumps()];
    results.into_iter().collect()
}

#[cfg(unix)]
fn limit_core_files() -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    Ok(setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?)
}

/// Other systems decide about dumps themselves.
#[cfg(not(unix))]
fn limit_core_files() -> io::Result<()> {
    Ok(())
}

#[cfg(target_os = "linux")]
fn forbid_dumps() -> io::Result<()> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

/// On other systems the limit of core files is enough.
#[cfg(not(target_os = "linux"))]
fn forbid_dumps() -> io::Result<()> {
    Ok(())
}

/// Raises the limit of open files to the maximum of the user. The usual soft limits (1,024, or 256 on macOS) exist for
/// programs that call `select`. Child processes inherit the limit.
#[cfg(unix)]
pub(crate) fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    /// `OPEN_MAX` of macOS, which allows no more although its hard limit is infinite.
    const MACOS_MAX: u64 = 10_240;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = match maximum {
        maximum if cfg!(target_os = "macos") => Some(maximum.map_or(MACOS_MAX, |max| max.min(MACOS_MAX))),
        maximum => maximum,
    };
    // `None` means that there is no limit.
    let is_lower = current.is_some_and(|current| wanted.is_none_or(|wanted| current < wanted));
    if is_lower && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: wanted, maximum }) {
        tracing::warn!(%error, ?current, "cannot raise the limit of open files");
    }
}

/// Other systems do not limit open files.
#[cfg(not(unix))]
pub(crate) fn raise_open_files() {}

/// Returns the number of bytes that the user may still write to the disk of a folder; `None` if it is unknown.
#[cfg(unix)]
pub(crate) fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Other systems are not asked.
#[cfg(not(unix))]
pub(crate) fn free_bytes(_folder: &Path) -> Option<u64> {
    None
}
