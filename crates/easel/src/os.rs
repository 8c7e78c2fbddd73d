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
