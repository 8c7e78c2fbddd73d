//! What differs by operating system in the program.

/// A core dump would hold the keys that are in memory. Children inherit the limit.
#[cfg(unix)]
pub(crate) fn no_core_dumps() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!(%error, "core dumps stay on");
    }
}

/// Elsewhere dumps are the system's own affair.
#[cfg(not(unix))]
pub(crate) fn no_core_dumps() {}
