//! What differs by operating system in the program.

/// Keeps the memory of this process, which holds keys, out of core dumps and from other processes of the same user.
///
/// Linux ignores the limit of core files when the kernel pipes them to a program, and gives `/proc/PID/environ` and
/// `/proc/PID/mem` to every process of the user; a process that is not dumpable has neither. Children inherit the limit
/// only.
///
/// # Errors
/// One sentence for people. Everything that can be protected is.
pub(crate) fn protect_memory() -> Result<(), String> {
    let results = [limit_core_files(), forbid_dumps()];
    results.into_iter().collect::<Result<(), _>>().map_err(|error| format!("core dumps stay on: {error}"))
}

#[cfg(unix)]
fn limit_core_files() -> std::io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    Ok(setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?)
}

/// Elsewhere dumps are the system's own affair.
#[cfg(not(unix))]
fn limit_core_files() -> std::io::Result<()> {
    Ok(())
}

#[cfg(target_os = "linux")]
fn forbid_dumps() -> std::io::Result<()> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

/// Elsewhere the limit is enough, or there is none.
#[cfg(not(target_os = "linux"))]
fn forbid_dumps() -> std::io::Result<()> {
    Ok(())
}

/// Lets this process open as many files as its user may: the usual soft limits, 1,024 or 256 on macOS, are for programs
/// that call `select`. Children inherit it.
#[cfg(unix)]
pub(crate) fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    /// `OPEN_MAX` of macOS, which takes no more although its hard limit is infinite.
    const MACOS_MAXIMUM: u64 = 10_240;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let most = match maximum {
        maximum if cfg!(target_os = "macos") => Some(maximum.map_or(MACOS_MAXIMUM, |most| most.min(MACOS_MAXIMUM))),
        maximum => maximum,
    };
    // `None` is no limit.
    let is_lower = current.is_some_and(|current| most.is_none_or(|most| current < most));
    if is_lower && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: most, maximum }) {
        tracing::warn!(%error, ?current, "the limit of open files stays");
    }
}

/// Elsewhere there is no such limit.
#[cfg(not(unix))]
pub(crate) fn raise_open_files() {}
